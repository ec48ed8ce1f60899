// Law L5 in a browser: what the explorer has settled is what the command line writes of the spec that it shows, byte for byte.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { mist, openScratch, ROOT } from '../cli/spawn.ts';
import { type Explorer, type Opened, SMALL, saved, settled } from './browser.ts';

export function testBytes(explorer: () => Explorer): void {
  const scratch = openScratch();
  afterEach(() => explorer().closePages());

  /** Saves what the page has, and does what the script says that it saves. */
  async function compare({ page }: Opened, name: string): Promise<void> {
    await settled(page);
    const folder = join(scratch, name);
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

  test('ranks and runs a question to the bytes of mist sweep and mist run', async () => {
    const opened = await explorer().open(`${explorer().url}${SMALL}`);
    await compare(opened, 'plain');
    expect(opened.complaints).toEqual([]);
    expect([...opened.asked]).toEqual([explorer().url.slice(0, -1)]); // nothing leaves the machine
  });

  test('with what-ifs on the catalog, whose files it saves too', async () => {
    const opened = await explorer().open(`${explorer().url}${SMALL}&bandwidth=1.2&length=1.5&price=0.8&load=1.5`);
    await compare(opened, 'what-if');
    expect(opened.complaints).toEqual([]);
  });

  test('from one file, without a server', async () => {
    const opened = await explorer().open(`${explorer().inline}${SMALL}`);
    await compare(opened, 'inline');
    expect(opened.complaints).toEqual([]);
    expect([...opened.asked].filter((origin) => origin !== 'null')).toEqual([]);
  });

  test('the kernels of browsers differ from the others in the flag of their memory alone', () => {
    const [shared, own] = ['build/kernel.wasm', 'build/kernel.browser.wasm'].map((path) =>
      readFileSync(join(ROOT, path)),
    );
    expect(own!.length).toBe(shared!.length);
    const differ = Array.from(shared!).flatMap((byte, i) => (byte === own![i] ? [] : [byte ^ own![i]!]));
    expect(differ).toEqual([2]); // limits: 3 = shared with a maximum, 1 = not shared with a maximum
  });
}
