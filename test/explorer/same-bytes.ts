// Law L5 in a browser: what the explorer has settled is what the command line writes of the spec that it shows, byte for byte.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mist, openScratch } from '../cli/spawn.ts';
import { type Explorer, follow, type Opened, SMALL, saved, settled } from './browser.ts';

/** Saves what the page has, and does what the script says that it saves. */
async function compare({ page }: Opened, folder: string): Promise<void> {
  await settled(page);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'question.sh'), await saved(page, 'Save it with its commands'));
  writeFileSync(join(folder, 'bin/mist'), '#!/bin/sh\necho "$@" >>said.txt\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  expect(spawnSync('sh', ['-e', 'question.sh'], { cwd: folder, env }).status).toBe(0);
  const [sweep, run] = readFileSync(join(folder, 'said.txt'), 'utf8')
    .trim()
    .split('\n')
    .map((line) =>
      line.split(' ').map((word) => (/^(spec\.yaml|catalog|results)$/.test(word) ? join(folder, word) : word)),
    );
  expect((await mist([...sweep!, '--workers', '1'])).code).toBe(0);
  expect(await saved(page, 'Save results.csv')).toBe(readFileSync(join(folder, 'results/results.csv'), 'utf8'));
  expect(await saved(page, 'Save run.json')).toBe((await mist(run!)).stdout);
  expect(await saved(page, 'Save spec.yaml')).toBe(readFileSync(join(folder, 'spec.yaml'), 'utf8'));
}

export function testBytes(explorer: () => Explorer, here: () => Opened): void {
  const scratch = openScratch();

  test('ranks and runs a question to the bytes of mist sweep and mist run', async () => {
    const opened = here();
    await follow(opened.page, SMALL);
    await compare(opened, join(scratch, 'plain'));
    expect(opened.complaints).toEqual([]);
    expect([...opened.asked]).toEqual([explorer().url.slice(0, -1)]); // nothing leaves the machine
  });
}

export function testOtherBytes(explorer: () => Explorer): void {
  const scratch = openScratch();

  test('from one file, without a server, with what-ifs on the catalog, whose files it saves too', async () => {
    const link = `${explorer().inline}${SMALL}&bandwidth=1.2&length=1.5&price=0.8&load=1.5`;
    const opened = await explorer().open(link);
    await compare(opened, join(scratch, 'inline'));
    expect(opened.complaints).toEqual([]);
    expect([...opened.asked].filter((origin) => origin !== 'null')).toEqual([]);
  });
}
