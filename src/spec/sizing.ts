// What a spec leaves open when it is to be sized: hardware, counts, splits, formats and the limits of the engine become axes.
import { isPlain } from './shorthand.ts';

type Part = Record<string, unknown>;

/** Values that are tried where a spec says nothing. Batching is the profile's: another one is another engine. */
const SPLITS = [1, 2, 4, 8];
const SEQUENCES = [64, 256, 1024];
const BUDGETS = [2048, 8192];
const NARROW = 'fp8';

export interface Opening {
  /** Most replicas of a deployment, or instances of a pool, that are tried. */
  readonly most: number;
  /** Whether weights may be narrower than the checkpoint's: not where that is as narrow. */
  readonly narrow: boolean;
}

export interface Opened {
  readonly data: Part;
  /** Names of the axes of counts, which a wider question widens. */
  readonly counts: readonly string[];
}

/** Data of a document with axes in place of what it leaves open. */
export function openSizing(data: Part, opening: Opening): Opened {
  return isPlain(data) ? openPlain(data, opening) : openFleet(data, opening);
}

function openPlain(data: Part, { most, narrow }: Opening): Opened {
  const { deployment, engine, ...rest } = data as { deployment?: Part; engine?: Part } & Part;
  const counted = deployment?.replicas !== undefined || deployment?.devices !== undefined;
  return {
    data: {
      ...rest,
      deployment: {
        hardware: { choices: 'all' },
        ...(deployment?.devices === undefined ? { replicas: { from: 1, to: most } } : {}),
        tensor_parallel_size: SPLITS,
        routing: 'least-loaded',
        ...deployment,
      },
      engine: {
        ...(narrow ? { quantization: ['auto', NARROW] } : {}),
        kv_cache_dtype: ['auto', NARROW],
        max_num_seqs: SEQUENCES,
        max_num_batched_tokens: BUDGETS,
        ...engine,
      },
    },
    counts: counted ? [] : ['deployment.replicas'],
  };
}

/** Of a fleet only what it cannot be built without: how many of every pool, and of engines on what. */
function openFleet(data: Part, { most }: Opening): Opened {
  const counts: string[] = [];
  const openPool = (pool: Part, place: string): Part => {
    const counted = pool.count !== undefined || pool.devices !== undefined || pool.kind === 'kv-store';
    if (!counted) counts.push(`${place}.count`);
    return {
      ...pool,
      ...(pool.kind === 'llm' && pool.step_time === undefined && pool.hardware === undefined
        ? { hardware: { choices: 'all' } }
        : {}),
      ...(counted ? {} : { count: { from: 1, to: most } }),
    };
  };
  const open = (node: unknown, place: string): unknown => {
    if (node === null || typeof node !== 'object' || Array.isArray(node)) return node;
    if ('kind' in node) return openPool(node as Part, place);
    const inside = ([key, value]: [string, unknown]): [string, unknown] => [
      key,
      key === 'choices' ? openChoices(value, place) : open(value, `${place}.${key}`),
    ];
    return Object.fromEntries(Object.entries(node).map(inside));
  };
  /** A choice stands at the place of what it is chosen for. */
  const openChoices = (choices: unknown, place: string): unknown => {
    if (Array.isArray(choices)) return choices.map((one) => open(one, place));
    if (choices === null || typeof choices !== 'object') return choices;
    return Object.fromEntries(Object.entries(choices).map(([label, one]) => [label, open(one, place)]));
  };
  return { data: { ...data, fleet: open(data.fleet, 'fleet') }, counts: [...new Set(counts)] };
}
