// A sweep that is killed outright: another cannot have its folder while it lives, and --resume comes to the same bytes after it is dead.
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { example, mist, openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
const FILES = ['pareto.svg', 'report.html', 'results.csv', 'results.json', 'results.parquet'];
const SPEC = example('sweep-small.yaml');

function expectSameFiles(got: string, expected: string): void {
  expect(readdirSync(got).sort()).toEqual(FILES);
  for (const name of FILES)
    expect(readFileSync(join(got, name)).equals(readFileSync(join(expected, name))), name).toBe(true);
}

/** Stops a process as soon as `ready`, lets `act` look at what it left, and kills it. */
function killWhen(ready: () => boolean, act: (started: ChildProcess) => Promise<void>) {
  let acted: Promise<void> | undefined;
  const watch = (started: ChildProcess): void => {
    acted = (async () => {
      while (!ready() && started.exitCode === null) await sleep(2);
      started.kill('SIGSTOP');
      try {
        if (started.exitCode === null) await act(started);
      } finally {
        started.kill('SIGKILL');
      }
    })();
  };
  return { watch, acted: () => acted };
}

test("kill -9 in the middle, and --resume: the same files; meanwhile the folder is nobody else's", async () => {
  const [whole, out] = [join(scratch, 'whole'), join(scratch, 'killed')];
  expect((await mist(['sweep', SPEC, '--workers', '1', '--out', whole])).code).toBe(0);
  const work = join(out, 'sweep.work');
  const full = 30_000; // bytes, of some 90,000 in all
  let other = { code: null as number | null, stdout: '', stderr: '' };
  let pid = 0;
  const killing = killWhen(
    () => existsSync(work) && statSync(work).size > full,
    async (started) => {
      pid = started.pid!;
      other = await mist(['sweep', SPEC, '--out', out]);
    },
  );
  const { code } = await mist(['sweep', SPEC, '--workers', '1', '--out', out], killing.watch);
  await killing.acted();
  expect(code).toBe(null);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(
    new RegExp(`killed: expected a folder that no other run has, received one that process ${pid} on .* is writing to`),
  );
  expect(readdirSync(out).sort()).toEqual(['mist.lock', 'sweep.work']);

  const again = await mist(['sweep', SPEC, '--out', out]);
  expect([again.code, again.stdout]).toEqual([2, '']);
  expect(again.stderr).toMatch(/sweep\.work: expected --resume, .*received finished work, and no --resume/);

  // its last record, cut in half
  writeFileSync(work, readFileSync(work).subarray(0, full));
  writeFileSync(join(out, 'mist.lock'), JSON.stringify({ pid, host: hostname(), started: '1', token: 'x' }));
  const resumed = await mist(['sweep', SPEC, '--resume', '--out', out]);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toMatch(
    new RegExp(`locked by process ${pid} on .*, which is gone: taken over\\n.*ended in half a record \\(\\d+ bytes\\)`),
  );
  expect(resumed.stderr).toMatch(/\n[1-9]\d* pieces of work were finished before\n/);
  expectSameFiles(out, whole);
}, 600_000);

describe('--resume', () => {
  test('with nothing there is a first run', async () => {
    const out = join(scratch, 'first');
    const { code, stderr } = await mist(['sweep', SPEC, '--resume', '--workers', '1', '--out', out]);
    expect([code, stderr.split('\n')[0]]).toEqual([0, '0 pieces of work were finished before']);
    expectSameFiles(out, join(scratch, 'whole'));
  });

  test('of another question is refused, with every difference', async () => {
    const out = join(scratch, 'other');
    mkdirSync(out);
    const spec = join(scratch, 'other.yaml');
    writeFileSync(spec, readFileSync(join(ROOT, SPEC), 'utf8').replace('request_rate: 10', 'request_rate: 11'));
    const killing = killWhen(
      () => existsSync(join(out, 'sweep.work')) && statSync(join(out, 'sweep.work')).size > 1000,
      async () => copyFileSync(join(out, 'sweep.work'), join(scratch, 'kept')),
    );
    await mist(['sweep', SPEC, '--workers', '1', '--out', out], killing.watch);
    await killing.acted();
    const { code, stderr } = await mist(['sweep', spec, '--seed', '3', '--resume', '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /sweep\.work: expected work of the spec with digest \w+, received \w+\n.*expected work with --seed 3, received null/,
    );
    expect(readFileSync(join(out, 'sweep.work')).equals(readFileSync(join(scratch, 'kept')))).toBe(true);
  }, 600_000);

  test('needs a folder', async () => {
    const { code, stderr } = await mist(['sweep', SPEC, '--resume']);
    expect([code, stderr]).toEqual([2, '--resume: expected --out with the folder for the work, received no --out\n']);
  });
});
