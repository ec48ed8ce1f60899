// Pipeline runs that do not go to their end: a deadlock is named and is an answer, Ctrl-C keeps what was simulated.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { grows, mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();
const at = (name: string): string => join(scratch, name);

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

/** Two prompts keep all blocks for branches that find none: nothing can ever go on. */
const STUCK = `
fleet:
  thinker: {kind: llm, step_time: {fixed_s: 10ms}, num_gpu_blocks: 20}
pipelines:
  ask: {stages: [{prefill: thinker}, {reason: {on: thinker, paths: 4, output: 100}}, {decode: thinker}]}
workload: {lengths: {input_len: 150, output_len: 11}, arrivals: all-at-once, num_requests: 40}
`;

test('a deadlock names the client and its blocks, and leaves no figure that is not one', async () => {
  const [page, requests] = [at('stuck.html'), at('stuck.csv')];
  const spec = write('stuck.yaml', STUCK);
  const { code, stdout, stderr } = await mist(['run', spec, '--html', page, '--requests', requests]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Stopped early: deadlock, .* thinker \(20 of 20 KV blocks at peak\)$/m);
  expect(stdout).toMatch(/^Stopped early: +deadlock/m);
  expect(stdout).toMatch(/^Unfinished when stopped: +40$/m);
  for (const text of [stdout, readFileSync(page, 'utf8')]) expect(text).not.toMatch(/NaN|undefined|Infinity/);
  const lines = parseCsv(readFileSync(requests, 'utf8'));
  expect(lines.map(({ state, finish_s }) => [state, finish_s])).toEqual(lines.map(() => ['unfinished', null]));
});

const LONG = `
fleet:
  llm: {kind: llm, step_time: {fixed_s: 10ms}, num_gpu_blocks: 4000}
pipelines:
  ask: {stages: [{prefill: llm}, {decode: llm}]}
workload: {lengths: {input_len: 300, output_len: 400}, arrivals: uniform, request_rate: 4, num_requests: 60000}
`;

test('a run that is interrupted ends with 130 and keeps the requests that finished', async () => {
  const [requests, steps] = [at('long.csv'), at('steps.csv')];
  const begun = grows(scratch, 'steps.csv');
  const { code, stdout } = await mist(
    ['run', write('long.yaml', LONG), '--json', '--requests', requests, '--steps', steps],
    (started) => {
      void (async () => {
        while (!begun() && started.exitCode === null) await sleep(20);
        started.kill('SIGINT');
      })();
    },
  );
  expect(code).toBe(130);
  const run = JSON.parse(stdout);
  expect(run.completed).toBeGreaterThan(0);
  expect(run.completed + run.failed).toBe(60000);
  const lines = readFileSync(requests, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBe(60001);
  expect(lines.filter((line) => line.includes(',finished,')).length).toBe(run.completed);
});
