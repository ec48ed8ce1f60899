// `where`: which rows of a question count, by what they are: devices, splits, counts, traffic, parameters. Rows that fail are left out
// before anything of them is computed. It is worked out once per distinct setting of what it speaks of, so that 10^8 rows stay cheap.
import { evaluate, type Names, number, type Value } from '../check/expression/evaluate.ts';
import { type Expression, namesIn, parseExpression } from '../check/expression/parse.ts';
import { ExpressionError } from '../check/expression/tokens.ts';
import { show, UserError } from '../check/issue.ts';
import { fieldAt } from './fields.ts';
import { listAxes, NAMED, type Tree } from './fleet/axes.ts';
import type { Ledger } from './fleet/ledger.ts';
import type { FleetSpec, LlmPool, PoolSpec } from './fleet/types.ts';
import type { Parameters } from './parameters.ts';
import { flatSettings, type RowIndex } from './row-index.ts';
import type { Slo } from './types.ts';

/** What a row is, for its names. */
export interface WhereRow {
  /** Read when something of it is asked for, which most conditions do not. Throws UserError where the reader refuses the row. */
  readonly spec: FleetSpec;
  readonly parameters: Parameters;
  /** What its axes are set to, by name. */
  readonly choices: ReadonlyMap<string, string>;
}

export interface WhereSource {
  readonly text: unknown;
  /** Takes what cannot be parsed. */
  readonly ledger: Ledger;
  readonly file: string;
  readonly line: number;
  readonly tree: Tree;
  readonly index: RowIndex;
  row(row: number): WhereRow;
}

export interface Where {
  readonly text: string;
  /** Whether row `row` counts. Throws UserError where it cannot be worked out. A row that the reader refuses does where the condition speaks of what is read: why it falls is said by the reader. */
  keeps(row: number): boolean;
}

/** Other words for keys of a pool. */
const ALIASES: Readonly<Record<string, string>> = {
  tp: 'tensor_parallel_size',
  pp: 'pipeline_parallel_size',
  dp: 'data_parallel_size',
  ep: 'expert_parallel_size',
  replicas: 'count',
};
const SPLIT = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'];
/** Keys that a figure depends on, beside its own. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  devices: ['count', 'replicas', ...SPLIT],
  instances: ['count', 'replicas'],
  count: ['replicas'],
  max_num_seqs: ['hardware'],
  max_num_batched_tokens: ['hardware', 'data_parallel_size'],
};
const NOUN = 'a parameter, a key of a pool, of the traffic or of the limits, devices or instances';

/** null where the document has none, or one that is no comparison (a mistake then). */
export function openWhere(source: WhereSource): Where | null {
  const { text, ledger, file, line, tree, index } = source;
  if (typeof text !== 'string') return null; // what else it is, the schema refuses
  const parsed = parseOr(text, ({ expected, received, hint }) => {
    ledger.add({ path: ['where'], expected, received: `${received} in ${show(text)}`, hint });
  });
  if (parsed === null) return null;
  const pools = poolNames(tree);
  const axes = new Set(listAxes(tree).map(({ name }) => name));
  const judge = (row: number): boolean => {
    try {
      return isTrue(parsed, source.row(row), pools, axes);
    } catch (error) {
      if (error instanceof UserError) return true;
      if (!(error instanceof ExpressionError)) throw error;
      const { expected, received, hint } = error;
      const inner = `${received} in ${show(text)}`;
      throw new UserError([{ path: 'where', expected, received: inner, file, line, ...(hint ? { hint } : {}) }]);
    }
  };
  return { text, keeps: remembering(judge, relevantAxes(parsed, index.names), tree, index) };
}

function parseOr(text: string, refuse: (error: ExpressionError) => void): Expression | null {
  try {
    return parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    refuse(error);
    return null;
  }
}

/** Pools of any row, by the places of the tree. */
function poolNames(tree: Tree): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: Tree, place: number): void => {
    if (node.kind === 'axis') for (const option of node.options) visit(option.tree, place);
    if (node.kind !== 'map') return;
    for (const [key, part] of node.parts) {
      if (place === 1) found.add(key);
      else if (key === 'fleet') visit(part, 1);
    }
  };
  visit(tree, 0);
  return found;
}

type Words = ReadonlySet<string>;

function isTrue(parsed: Expression, row: WhereRow, pools: Words, axes: Words): boolean {
  const value = evaluate(parsed, namesOf(row, pools, axes));
  if (value.is === 'truth') return value.value;
  throw new ExpressionError('a comparison, such as devices == 8', value.is === 'word' ? 'a word' : 'a number');
}

/** The axes that are set after reading and that the expression speaks of. */
function relevantAxes(parsed: Expression, set: readonly string[]): string[] {
  const keys = new Set<string>();
  for (const name of namesIn(parsed)) {
    const last = name.split('.').at(-1)!;
    const key = ALIASES[last] ?? last;
    for (const one of [key, ...(BEHIND[key] ?? [])]) keys.add(one);
  }
  return set.filter((axis) => keys.has(axis.split('.').at(-1)!));
}

function remembering(
  judge: (row: number) => boolean,
  relevant: readonly string[],
  tree: Tree,
  index: RowIndex,
): (row: number) => boolean {
  const flat = flatSettings(tree, (axis) => relevant.includes(axis) || !index.names.includes(axis));
  if (flat) {
    const known = new Int8Array(flat.size);
    return (row) => {
      const at = flat.of(row);
      if (known[at] === 0) known[at] = judge(row) ? 1 : -1;
      return known[at] === 1;
    };
  }
  const numbers = new Set(index.names.flatMap((name, i) => (relevant.includes(name) ? [i] : [])));
  const known = new Map<string, boolean>();
  return (row) => {
    const { skeletonRow, values } = index.find(row);
    let key = String(skeletonRow);
    for (const { axis, option } of values) if (numbers.has(axis)) key += `/${axis}:${option}`;
    const found = known.get(key) ?? judge(row);
    known.set(key, found);
    return found;
  };
}

/** What names stand for in a row: an axis of whole parts for what is chosen. A pool that the row does not have has 0 of everything. */
function namesOf(row: WhereRow, pools: Words, axes: Words): Names {
  const { parameters, choices } = row;
  const known = () => [
    ...parameters.names,
    ...['devices', 'instances', 'request_rate', 'num_requests', 'seed'],
    ...Object.keys(ALIASES),
    ...[...pools].flatMap((name) => [`${name}.devices`, `${name}.count`]),
    ...row.spec.pools.flatMap((pool) => Object.keys(keysOf(pool))),
    ...row.spec.slo.map(keyOf),
    ...axes,
  ];
  const chosen = (name: string): Value | undefined =>
    axes.has(name) ? { is: 'word', value: choices.get(name) ?? '' } : undefined;
  return {
    noun: NOUN,
    get known() {
      return new Set(known());
    },
    find: (name) =>
      parameters.find(name) ??
      (NAMED.includes(name) ? chosen(name) : undefined) ??
      ofFleet(name, row.spec, pools) ??
      ofQuestion(name, row.spec) ??
      chosen(name),
  };
}

function ofFleet(name: string, { pools }: FleetSpec, anyRow: ReadonlySet<string>): Value | undefined {
  const [key, pool] = splitName(name);
  if (pool !== '') {
    const found = pools.find((one) => one.name === pool);
    if (found) return asValue(keysOf(found)[key]);
    if (!anyRow.has(pool)) return undefined;
    return (fieldAt([key])?.of ?? 'numbers') === 'numbers' ? number(0) : { is: 'word', value: '' };
  }
  if (key === 'devices' || key === 'instances')
    return number(pools.reduce((sum, one) => sum + Number(keysOf(one)[key === 'devices' ? key : 'count'] ?? 0), 0));
  const having = pools.filter((one) => keysOf(one)[key] !== undefined);
  const engines = having.filter(({ kind }) => kind === 'llm');
  const asked = engines.length > 0 ? engines : having;
  if (asked.length > 1) {
    const hint = asked.map((one) => `${one.name}.${name}`).join(', ');
    throw new ExpressionError('one pool', `${name}, which ${asked.length} pools have`, `say which: ${hint}`);
  }
  return asked[0] && asValue(keysOf(asked[0])[key]);
}

/** "prefillers.tp" is tensor_parallel_size of prefillers; sections of the plain notation are not pools. */
function splitName(name: string): readonly [key: string, pool: string] {
  const parts = name.split('.');
  const last = parts.at(-1)!;
  const pool = parts.at(-2) ?? '';
  return [ALIASES[last] ?? last, ['deployment', 'engine'].includes(pool) ? '' : pool];
}

function keysOf(pool: PoolSpec): Readonly<Record<string, unknown>> {
  const { count } = pool;
  if (pool.kind !== 'llm') return { count, ...('cores' in pool ? { cores: pool.cores } : {}) };
  return { ...pool.configuration, count, replicas: undefined, request_rate: undefined, ...wordsOf(pool) };
}

function wordsOf({ configuration, count, role, routing, packing }: LlmPool) {
  const { tensor_parallel_size: tp, pipeline_parallel_size: pp, data_parallel_size: dp } = configuration;
  return { devices: count * tp * pp * dp, role, packing, routing: routing.policy };
}

function ofQuestion(name: string, { workload, slo }: FleetSpec): Value | undefined {
  const key = name.replace(/^(?:workload|slo)\./, '');
  if (key === 'request_rate' || key === 'num_requests' || key === 'seed') return number(workload[key]);
  const limit = slo.find((one) => keyOf(one) === key);
  return limit && limit.times === undefined ? number(limit.limit, 'time') : undefined;
}

const keyOf = ({ percentile, metric }: Slo): string => `${percentile}_${metric}`;

function asValue(value: unknown): Value | undefined {
  if (typeof value === 'number') return number(value);
  return typeof value === 'string' ? { is: 'word', value } : undefined;
}
