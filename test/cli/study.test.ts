// mist study at the command line: verdicts and exit codes, the same bytes for any number of threads, files, maps, mistakes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mist, openScratch } from './spawn.ts';

const scratch = openScratch();
const STUDY = readFileSync('docs/studies.md', 'utf8').match(/```yaml\n([\s\S]*?)```/)![1]!;
const SMALL = STUDY.replace('num_requests: 600', 'num_requests: 120').replace('to: 4', 'to: 2');
const write = (name: string, text: string): string => {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
};
const small = write('small.yaml', SMALL);

describe('mist study', () => {
  test('tells every claim with its verdict, and ends with 3 where one does not hold', async () => {
    const { code, stdout } = await mist(['study', small, '--workers', '1']);
    expect(stdout).toContain('18 rows = rate 2 x seed 3 x batching 3');
    expect(stdout).toMatch(/continuous answers first +(holds|does not hold|within)/);
    expect(stdout).toMatch(/chunked pauses less +\w+/);
    expect(code).toBe(/chunked pauses less +holds/.test(stdout) && /answers first +holds/.test(stdout) ? 0 : 3);
  });

  test('ends with 0 where all hold', async () => {
    const all = SMALL.replace('winner(p50(ttft)) == "continuous"', 'devices of chunked == of continuous');
    const { code, stdout } = await mist(['study', write('all.yaml', all), '--workers', '1']);
    expect(stdout).toMatch(/answers first +holds/);
    expect(code).toBe(0);
  });

  test('says the same for any number of threads, and writes the same files', async () => {
    const told = await Promise.all(
      ['1', '2'].map(async (workers) => {
        const { stdout } = await mist([
          'study',
          small,
          '--json',
          '--workers',
          workers,
          '--out',
          join(scratch, workers),
        ]);
        const files = ['rows.csv', 'rows.parquet', 'study.json', 'study.html'];
        return [stdout, ...files.map((name) => readFileSync(join(scratch, workers, name), 'latin1'))];
      }),
    );
    expect(told[1]).toEqual(told[0]);
    const { claims, rows } = JSON.parse(told[0]![0]!);
    expect(rows).toHaveLength(18);
    expect(claims[0].scenarios).toHaveLength(2);
    expect(told[0]![4]).toContain('<svg');
    expect(told[0]![4]).not.toMatch(/NaN|undefined/);
  });

  test('maps where a claim flips', async () => {
    const args = ['study', small, '--where-it-flips', 'chunked pauses less', '--workers', '1'];
    const { code, stdout } = await mist(args);
    expect(code).toBe(0);
    expect(stdout).toContain('Where chunked pauses less flips');
    for (const chunk of ['512', '2048', '8192'])
      expect(stdout).toMatch(
        new RegExp(`chunk +${chunk}${chunk === '2048' ? ', as it stands' : ''} +(holds|does|within)`),
      );
  });

  test('runs a folder of studies, with one table at the end', async () => {
    const folder = join(scratch, 'several');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.yaml'), SMALL);
    writeFileSync(join(folder, 'b.yaml'), SMALL.replace('name: which batching', 'name: the other'));
    const { stdout } = await mist(['study', folder, '--workers', '1']);
    const table = stdout.slice(stdout.lastIndexOf('study  '));
    expect(table).toMatch(/which batching/);
    expect(table).toMatch(/the other/);
  });

  test('seeks the highest load of every row where it is asked to', async () => {
    const sought = SMALL.replace('  compare: batching', '  compare: batching\n  load: seek').replace(
      'winner(p50(ttft)) == "continuous"',
      'load of chunked > 0',
    );
    const { stdout } = await mist([
      'study',
      write('sought.yaml', sought.replace('seed: {from: 0, to: 2}', 'seed: 0')),
      '--json',
      '--workers',
      '1',
    ]);
    const { rows } = JSON.parse(stdout);
    expect(rows).toHaveLength(6);
    for (const { load, slo_met, refused } of rows)
      expect([slo_met, refused]).toEqual(load > 0 ? [1, null] : [null, expect.any(String)]);
    expect(rows.some(({ load }: { load: number }) => load > 0)).toBe(true);
  });

  test.each([
    ['no such claim', ['--where-it-flips', 'chunked pause less'], 'did you mean chunked pauses less'],
    ['no such file', ['more.yaml'], 'one study'],
  ])('%s', async (_, more, words) => {
    const { code, stderr } = await mist(['study', small, ...more]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  test('a spec without claims is no study, and a study is a spec', async () => {
    const plain = await mist(['study', 'examples/single-run.yaml']);
    expect(plain.code).toBe(2);
    expect(plain.stderr).toContain('study: expected a section study');
    const run = await mist(['run', small, '--row', '3', '--json']);
    expect(run.code).toBe(0);
  });
});
