// The shipped studies are right: their claims speak of figures, axes and labels that they have, and of rows that there are. (Running them takes
// minutes: `mist study examples/studies`.)
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { readSpecText } from '../../src/spec/open.ts';
import { openStudy } from '../../src/study/open-study.ts';

const FOLDER = fileURLToPath(new URL('../../examples/studies/', import.meta.url));
const catalog = openCatalog({});

describe('examples/studies', () => {
  test.each(readdirSync(FOLDER))('%s', (name) => {
    const file = join(FOLDER, name);
    const { claims, rows, question, section } = openStudy(readSpecText(file), file, catalog);
    expect(claims.length).toBe(section.claims.length);
    expect(claims.length).toBeGreaterThan(1);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.length).toBeLessThan(1000);
    expect(section.unstated.length).toBeGreaterThan(0);
    for (const row of [rows[0]!, rows.at(-1)!]) expect(question.at(row).spec.pools.length).toBeGreaterThan(0);
  });
});
