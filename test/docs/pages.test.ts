// The documentation is whole: links lead somewhere, generated pages are those of today's schema, examples fit it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { specJsonSchema } from '../../src/spec/fleet/schema.ts';
import { PAGES, ROOT, readPage } from './pages.ts';

type Schema = Record<string, unknown> & { $defs: Record<string, object> };
const script = (name: string) =>
  import(`../../scripts/${name}.mjs`) as Promise<Record<string, (...of: object[]) => unknown>>;
const { toSchemaText } = await script('spec-schema');
const { makeLibrary, makeReference } = await script('docs');
const schema = specJsonSchema() as Schema;

/** As GitHub makes them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

function anchorsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));
}

test('the site leads to every page', () => {
  const config = readFileSync(join(ROOT, 'docs/.vitepress/config.mjs'), 'utf8');
  const named = [...config.matchAll(/page\('[^']*', '([^']*)'\)/g)].map(([, name]) => `${name}.md`);
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  expect([...new Set(named)].sort()).toEqual(pages.sort());
});

describe.each(PAGES)('%s', (page) => {
  test('links to files and headings that are there', () => {
    const targets = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
    const broken = targets
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split('#');
        const path = file === '' ? join(ROOT, page) : join(ROOT, dirname(page), file);
        return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor));
      });
    expect(broken).toEqual([]);
  });
});

test('every page is reached from the README', () => {
  const readme = readPage('README.md');
  expect(PAGES.filter((page) => page !== 'README.md' && !readme.includes(`](${page}`))).toEqual([]);
});

test('the README is short', () => {
  expect(readPage('README.md').split('\n').length).toBeLessThanOrEqual(200);
});

test('the reference of specs is that of the schema (npm run docs writes it)', () => {
  expect(readPage('docs/spec-reference.md')).toBe(makeReference(schema));
});

test('the reference of the library is that of the built declarations (npm run docs writes it)', () => {
  expect(readPage('docs/library-reference.md')).toBe(makeLibrary());
});

test('the schema for editors is the one that was built, and every example names it', () => {
  expect(readFileSync(join(ROOT, 'dist/spec.schema.json'), 'utf8')).toBe(toSchemaText(schema));
  for (const [folder, up] of [
    ['examples', '../'],
    ['examples/measurements', '../../'],
  ])
    for (const name of readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.yaml')))
      expect(readFileSync(join(ROOT, folder, name), 'utf8').split('\n')[0], name).toBe(
        `# yaml-language-server: $schema=${up}dist/spec.schema.json`,
      );
});

describe('an editor accepts', () => {
  const reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  const names = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.yaml'));

  test.each(names)('examples/%s, and no misspelt key in it', (name) => {
    const document = parse(readFileSync(join(ROOT, 'examples', name), 'utf8')) as Record<string, unknown>;
    expect(reader.safeParse(document).error?.message).toBeUndefined();
    expect(reader.safeParse({ ...document, wrokload: 1 }).success).toBe(false);
  });
});
