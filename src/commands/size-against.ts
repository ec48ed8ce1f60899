// mist size A --against B --over ...: when one fleet overtakes another.
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { breakEvenJson, breakEvenTable } from '../report/break-even.ts';
import { openProgress } from '../report/progress.ts';
import { breakEven, OVER } from '../run/break-even.ts';
import { openSpec } from '../run/open-spec.ts';
import { TOLERANCE } from '../run/probe-load.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { OBJECTIVES } from '../spec/objectives.ts';
import type { Objective } from '../spec/types.ts';
import { NO_ANSWER, numberFlag, type Output, onlyWord, shareFlag, wholeFlag, wordFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import type { SizeFlags } from './size.ts';
import type { SpecDoor } from './spec-door.ts';

/** Values of a usual search, for its progress. */
const USUAL = 16;

/** Exit codes as of size. */
export async function sizeAgainst(flags: SizeFlags, out: Output, specs: SpecDoor): Promise<number> {
  const [file, other] = [onlyWord('size', flags._, 'one spec file beside --against'), flags['--against']!];
  const over = wordFlag('--over', flags['--over'], OVER);
  if (over === undefined)
    throw new UserError([{ path: '--over', expected: `one of ${OVER.join(', ')}`, received: 'nothing' }]);
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const [a, b] = [openOne(file, catalog, seed, specs), openOne(other, catalog, seed, specs)];
  refuseOthers(a, b, over);
  const objective = wordFlag('--objective', flags['--objective'], OBJECTIVES) ?? a.objective;
  const [from, to] = [numberFlag('--from', flags['--from']), numberFlag('--to', flags['--to'])];
  if (from !== undefined && to !== undefined && !(from < to))
    throw new UserError([{ path: '--to', expected: `more than --from ${from}`, received: String(to) }]);
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  try {
    const answer = await breakEven(a.spec, b.spec, catalog, {
      ...{ over, objective, tolerance: shareFlag('--tolerance', flags['--tolerance']) ?? TOLERANCE },
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      signal: interrupt.signal,
      onProgress: (done) => progress.update(done, Math.max(USUAL, done), 'comparing'),
    });
    progress.end();
    out.stdout(flags['--json'] ? `${JSON.stringify(breakEvenJson(answer), null, 2)}\n` : `${breakEvenTable(answer)}\n`);
    if (answer.interrupted) return interrupt.code();
    return answer.points.every(({ better }) => better === 'neither') ? NO_ANSWER : 0;
  } finally {
    interrupt.release();
    progress.end();
  }
}

interface One {
  readonly file: string;
  readonly spec: FleetSpec;
  readonly objective: Objective;
}

function openOne(file: string, catalog: Catalog, seed: number | undefined, specs: SpecDoor): One {
  const { rows, objective, at } = openSpec(specs.read(file), file, catalog, seed);
  if (rows === 1) return { file, spec: at(0).spec, objective };
  const hint = `mist size ${file} finds the best of them; mist size --max-load --row N --print-spec writes one`;
  throw new UserError([{ path: file, expected: 'a spec of one deployment or fleet', received: `${rows} rows`, hint }]);
}

/** Two fleets are compared at one traffic and one promise, by one objective. */
function refuseOthers(a: One, b: One, over: string): void {
  const issues: Issue[] = [];
  const compare = (path: string, of: (one: One) => unknown) => {
    const [own, other] = [a, b].map((one) => JSON.stringify(of(one)));
    if (own !== other)
      issues.push({ path, file: b.file, expected: `that of ${a.file}, ${own}`, received: String(other) });
  };
  const { request_rate: _, ...rest } = a.spec.workload;
  for (const key of Object.keys({ ...rest, ...b.spec.workload }))
    if (key !== 'request_rate')
      compare(`workload.${key}`, ({ spec }) => (spec.workload as unknown as Record<string, unknown>)[key]);
  compare('workload.sessions', ({ spec }) => spec.sessions);
  compare('workload.shared_prefix', ({ spec }) => spec.prefixes);
  compare('slo', ({ spec }) => spec.slo);
  compare('budget', ({ spec }) => spec.budget);
  compare('objective', ({ objective }) => objective);
  if (over === 'price' && a.spec.budget?.usd_per_hour !== undefined)
    issues.push({
      path: 'budget.usd_per_hour',
      expected: 'no budget in USD where the price is what changes: who keeps it would change with it',
      received: `${a.spec.budget.usd_per_hour}`,
    });
  if (issues.length > 0) throw new UserError(issues);
}
