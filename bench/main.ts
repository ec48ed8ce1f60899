// Runs the benches: npm run bench -- [--json FILE] [--write] [--list] [all | name...]
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import arg from 'arg';
import { UserError } from '../src/check/issue.ts';
import { engine } from './engine.bench.ts';
import { fleet } from './fleet.bench.ts';
import { lowering } from './lowering.bench.ts';
import { describeMachine, machineLine } from './machine.ts';
import { mock } from './mock.bench.ts';
import { peers } from './peers/peers.bench.ts';
import { processes, ROOT } from './process.bench.ts';
import { roofline } from './roofline.bench.ts';
import type { BenchFile, Row } from './row.ts';
import { screen } from './screen.bench.ts';
import { search } from './search.bench.ts';
import { specs } from './spec.bench.ts';
import { markdownTable, replaceTable, textTable } from './table.ts';

const BENCHES: readonly BenchFile[] = [
  specs,
  roofline,
  lowering,
  screen,
  engine,
  fleet,
  search,
  processes,
  mock,
  peers,
];
const README = join(ROOT, 'bench', 'README.md');
const say = (words: string) => void process.stderr.write(`${words}\n`);

function listBenches(): string {
  return BENCHES.map(
    ({ name, words, onDemand }) => `${name.padEnd(10)} ${words}${onDemand ? ' (only when named)' : ''}`,
  ).join('\n');
}

function chooseBenches(names: readonly string[]): BenchFile[] {
  if (names.length === 1 && names[0] === 'all') return [...BENCHES];
  const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) throw misnamed(unknown);
  return BENCHES.filter((bench) => (names.length > 0 ? names.includes(bench.name) : !bench.onDemand));
}

function misnamed(names: readonly string[]): UserError {
  const expected = `all, ${BENCHES.map((bench) => bench.name).join(', ')}`;
  return new UserError(names.map((received) => ({ path: 'bench', expected, received })));
}

/** The commit the tree is at, or that there is none to be known. */
function readCommit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}

async function main(): Promise<void> {
  const flags = arg({ '--json': String, '--write': Boolean, '--list': Boolean });
  if (flags['--list']) {
    process.stdout.write(`${listBenches()}\n`);
    return;
  }
  const chosen = chooseBenches(flags._);
  const isWhole = flags._.length === 0 || chosen.length === BENCHES.length;
  if (flags['--write'] && !isWhole) {
    throw new UserError([
      { path: '--write', expected: 'no names, or all: it replaces the whole table', received: flags._.join(' ') },
    ]);
  }
  const machine = describeMachine();
  say(machineLine(machine));
  const rows: Row[] = [];
  const names: string[] = [];
  for (const bench of chosen) {
    say(`${bench.name}: ${bench.words}`);
    const found = await bench.run((words) => say(`  ${words}`));
    rows.push(...found);
    names.push(...found.map(() => bench.name));
  }
  process.stdout.write(`${textTable(rows)}\n`);
  const commit = readCommit();
  if (flags['--json']) {
    const named = rows.map((row, i) => ({ bench: names[i], ...row }));
    writeFileSync(flags['--json'], `${JSON.stringify({ commit, machine, rows: named }, null, 2)}\n`);
  }
  if (flags['--write']) {
    writeFileSync(README, replaceTable(readFileSync(README, 'utf8'), markdownTable(rows, machine, commit)));
  }
}

main().catch((error: unknown) => {
  const isMistake = error instanceof UserError || (error instanceof Error && error.name === 'ArgError');
  say(error instanceof Error ? ((isMistake ? null : error.stack) ?? error.message) : String(error));
  process.exitCode = isMistake ? 2 : 1;
});
