// Ctrl-C and SIGTERM: a long sweep and a long run end with their codes and leave what they had computed, readable.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { example, grows, mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();

/** Sends a signal (Ctrl-C is SIGINT) as soon as `ready` says that the work has begun; gives up when the process has ended by itself. */
function interruptWhen(ready: () => boolean, signal: NodeJS.Signals = 'SIGINT') {
  return (started: ChildProcess) => {
    void (async () => {
      while (!ready() && started.exitCode === null) await sleep(20);
      await sleep(150);
      started.kill(signal);
    })();
  };
}

test('a sweep that is interrupted reports what it has, marked as such', async () => {
  const out = join(scratch, 'sweep');
  const { code, stdout } = await mist(
    ['sweep', example('default-chat.yaml'), '--workers', '1', '--json', '--out', out],
    interruptWhen(() => existsSync(out)),
  );
  expect(code).toBe(130);
  const answer = JSON.parse(stdout);
  expect(answer.interrupted).toBe(true);
  const bytes = readFileSync(join(out, 'results.parquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const rows = await parquetReadObjects({ file });
  const lines = readFileSync(join(out, 'results.csv'), 'utf8').trimEnd().split('\n');
  expect(rows.length).toBe(lines.length - 1);
  expect(JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')).interrupted).toBe(true);
  expect(/Stopped before everything was tried/.test(readFileSync(join(out, 'report.html'), 'utf8'))).toBe(true);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a run that %s ends keeps the requests that finished and every step until then', async (signal, ends) => {
  const spec = join(scratch, 'long.yaml');
  writeFileSync(
    spec,
    `workload: {lengths: {input_len: 300, output_len: 400}, arrivals: uniform, request_rate: 4, num_requests: 30000}
engine: {profile: vllm-0.11, num_gpu_blocks: 4000, step_time: {fixed_s: 10ms}}`,
  );
  const [requests, steps] = [join(scratch, 'requests.csv'), join(scratch, 'steps.csv')];
  const { code, stdout } = await mist(
    ['run', spec, '--json', '--requests', requests, '--steps', steps],
    interruptWhen(grows(scratch, 'steps.csv'), signal),
  );
  expect(code).toBe(ends);
  const run = JSON.parse(stdout);
  const finished = run.completed;
  expect(finished).toBeGreaterThan(0);
  expect(run.failed).toBe(30000 - finished);
  const lines = parseCsv(readFileSync(requests, 'utf8'));
  expect(lines.length).toBe(30000);
  expect(lines.filter(({ state }) => state === 'finished').length).toBe(finished);
  expect(lines.filter(({ state }) => state === 'unfinished').length).toBe(30000 - finished);
  expect(lines.every(({ state, finish_s }) => (state === 'finished') === (typeof finish_s === 'number'))).toBe(true);
  const log = readFileSync(steps, 'utf8');
  expect(log.endsWith('\n')).toBe(true);
  const last = parseCsv(`${log.slice(0, log.indexOf('\n'))}\n${log.slice(log.lastIndexOf('\n', log.length - 2) + 1)}`);
  expect(last[0]!.duration_s).toBeCloseTo(0.01, 9);
});

test('a run that is killed outright leaves no half of a file under its name', async () => {
  const spec = join(scratch, 'killed.yaml');
  writeFileSync(spec, readFileSync(join(scratch, 'long.yaml')));
  const steps = join(scratch, 'killed.csv');
  const { code } = await mist(['run', spec, '--steps', steps], interruptWhen(grows(scratch, 'killed.csv'), 'SIGKILL'));
  expect(code).toBe(null);
  expect(existsSync(steps)).toBe(false);
});
