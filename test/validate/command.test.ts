// mist validate as a command: what it prints and writes, the same bytes each time, and clear words for a wrong question.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { validate } from '../../src/commands/validate.ts';
import { type Cells, caseText, PAIR, STATIC, writeFolder } from './case-files.ts';

async function run(argv: readonly string[]): Promise<{ code: number; stdout: string }> {
  let stdout = '';
  const code = await validate(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: () => {},
  });
  return { code, stdout };
}

function folderOf(rows: readonly Cells[]): string {
  return writeFolder({ 'cases.csv': caseText(rows) });
}

async function issuesOf(argv: readonly string[]): Promise<string> {
  try {
    await run(argv);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return '';
}

const MIXTURE: readonly Cells[] = [
  {},
  STATIC,
  PAIR,
  { metric: 'ttft_ms', statistic: 'mean_or_median' },
  { model: 'none' },
];

test('every row is answered, exit code 0, the same bytes again', async () => {
  const folder = folderOf(MIXTURE);
  const once = [join(folder, 'cases.csv'), '--out', join(folder, 'a.csv'), '--json', join(folder, 'a.json')];
  const again = [join(folder, 'cases.csv'), '--out', join(folder, 'b.csv'), '--json', join(folder, 'b.json')];
  const first = await run([...once, '--group-by', 'model,hardware']);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/model +hardware +rows/);
  expect(first.stdout).toContain('model none is not in the catalog');
  expect((await run([...again, '--group-by', 'model,hardware'])).stdout).toBe(first.stdout);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  expect(read('b.csv')).toBe(read('a.csv'));
  expect(read('b.json')).toBe(read('a.json'));
  expect(read('a.csv').split('\n').length).toBe(MIXTURE.length + 2);
});

const WORKER = fileURLToPath(new URL('../../dist/src/validate/worker.js', import.meta.url));
const noBuild = existsSync(WORKER) ? '' : ' (skipped: no build in dist)';

test.skipIf(noBuild !== '')(`threads change nothing${noBuild}`, async () => {
  const folder = folderOf([...MIXTURE, { load_value: '2' }, { load_value: '4' }]);
  const file = join(folder, 'cases.csv');
  await run([file, '--workers', '1', '--out', join(folder, 'one.csv')]);
  await run([file, '--workers', '2', '--out', join(folder, 'two.csv')]);
  const statuses = (name: string) => readFileSync(join(folder, name), 'utf8').split('\n');
  // a build may be older than the sources: compare places and words, not digits
  const shape = (name: string) => statuses(name).map((line) => line.replace(/\d+(\.\d+)?(e-?\d+)?/g, '#'));
  expect(shape('two.csv')).toEqual(shape('one.csv'));
});

describe('a wrong question', () => {
  test('no file, a file that is none, unknown flags and columns, a place that cannot be written', async () => {
    const folder = folderOf([{}]);
    const file = join(folder, 'cases.csv');
    expect(await issuesOf([])).toContain('mist validate: expected one case file, received nothing');
    expect(await issuesOf([join(folder, 'none.csv')])).toContain('expected a case file that can be read');
    expect(await issuesOf([file, '--grup-by', 'model'])).toContain('did you mean --group-by?');
    expect(await issuesOf([file, '--group-by', 'model,hardwar'])).toBe(
      '--group-by: expected columns of the file, received hardwar (did you mean hardware?)',
    );
    expect(await issuesOf([file, '--workers', 'many'])).toContain('--workers: expected a whole number from 1 to 1024');
    // folders are made if need be, but not below a file
    expect(await issuesOf([file, '--out', join(file, 'where.csv')])).toContain(
      '--out: expected a file that can be written',
    );
  });

  test('--help explains itself', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const flag of ['--out', '--json', '--group-by', '--catalog', '--workers']) expect(stdout).toContain(flag);
  });
});
