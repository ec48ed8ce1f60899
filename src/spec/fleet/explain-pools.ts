// Every field of every pool of engines as it was understood, and who says so: the spec, the engine profile, or nobody.

import { formatPath } from '../document.ts';
import { type EngineLog, logWords } from '../engine-log.ts';
import type { Question } from '../question.ts';
import { isPlain, normalize, rewrittenAt } from '../shorthand.ts';
import { PROFILE_FIELDS } from '../words.ts';
import { explainAutoscale } from './autoscale.ts';
import { chooseRow } from './choose.ts';
import { explainFailures } from './failures.ts';
import { explainLora } from './lora.ts';
import type { LlmPool } from './types.ts';
import { poolsOfKind } from './types.ts';
import { nameRouting } from './words.ts';

/** A few lines for each pool of engines; of the first row that can be, where there are several. */
export function explainPools(question: Question): string {
  const { first, firstRow, tree } = question;
  const data = normalize(chooseRow(tree, firstRow).data as Record<string, unknown>) as unknown as Written;
  const axes = new Set(question.axes.map(({ name }) => placeOf(name, question)));
  const blocks = poolsOfKind(first, 'llm').map((pool) => explainPool(pool, data.fleet[pool.name]!, axes, firstRow));
  return blocks.length === 0 ? '' : `${blocks.join('\n')}\n`;
}

interface Written {
  readonly fleet: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The place of an axis in the long notation. */
function placeOf(name: string, { data }: Question): string {
  return isPlain(data) ? formatPath(rewrittenAt(name.split('.'))) : name;
}

function explainPool(
  pool: LlmPool,
  written: Readonly<Record<string, unknown>>,
  axes: ReadonlySet<string>,
  row: number,
): string {
  const { profile } = pool.configuration;
  const groups: [string, string[]][] = [
    ['as written', []],
    [`in row ${row}`, []],
    [`by ${profile}`, []],
    ['by default', []],
    [`by ${pool.fromLog?.file ?? ''}`, []],
  ];
  for (const [field, words] of fieldsOf(pool)) {
    const onAxis = [...axes].some(
      (name) => name === `fleet.${pool.name}` || name.startsWith(`fleet.${pool.name}.${field}`),
    );
    const given = written[field] !== undefined;
    const byProfile = (PROFILE_FIELDS as readonly string[]).includes(field);
    const logged = pool.fromLog?.keys.includes(field) ?? false;
    groups[given ? (onAxis ? 1 : 0) : logged ? 4 : byProfile ? 2 : 3]![1].push(`${field} ${words}`);
  }
  const shown = groups.filter(([, fields]) => fields.length > 0);
  const width = Math.max(...groups.map(([title]) => title.length));
  const lines = shown.map(([title, fields]) => `  ${title.padEnd(width)}  ${wrapped(fields, width + 4)}`);
  return `pool ${pool.name}\n${lines.join('\n')}`;
}

/** Fields and their values; what does not apply is left out. */
function fieldsOf(pool: LlmPool): [string, string][] {
  const { replicas: _, routing: __, request_rate: ___, kv_log: log, ...configuration } = pool.configuration;
  const swaps = configuration.preemption_mode === 'swap';
  const fields: [string, unknown][] = [
    ...Object.entries(configuration).filter(
      ([field]) => swaps || (field !== 'swap_space' && field !== 'num_cpu_blocks'),
    ),
    pool.autoscale ? ['autoscale', explainAutoscale(pool.autoscale)] : ['count', pool.count],
    ...(pool.failures ? [['failures', explainFailures(pool.failures)] as [string, unknown]] : []),
    ...(pool.lora ? [['lora', explainLora(pool.lora)] as [string, unknown]] : []),
    ['routing', nameRouting(pool.routing)],
    ['packing', pool.packing],
    ['enable_prefix_caching', pool.prefixCaching ?? 'as the engine has it'],
    ...(pool.role === 'prefill' ? [['transfer', pool.transfer] as [string, unknown]] : []),
  ];
  return fields.flatMap(([field, value]): [string, string][] => {
    if (field === 'num_gpu_blocks' && log) return [[field, `${value} (${logWords(log as EngineLog)})`]];
    if (value === null || value === '' || (value === 0 && NOT_APPLYING.includes(field))) return [];
    return [[field, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
  });
}

/** Where 0 means that somebody else decides, or that there is none. */
const NOT_APPLYING = ['max_model_len', 'num_gpu_blocks', 'num_cpu_blocks', 'num_speculative_tokens'];

const COLUMNS = 100;

/** A list over as many lines as it takes. */
function wrapped(fields: readonly string[], indent: number): string {
  const lines: string[] = [];
  for (const field of fields) {
    const last = lines.at(-1);
    if (last !== undefined && indent + last.length + field.length + 2 <= COLUMNS)
      lines[lines.length - 1] = `${last}, ${field}`;
    else lines.push(field);
  }
  return lines.join(`,\n${' '.repeat(indent)}`);
}
