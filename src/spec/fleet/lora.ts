// LoRA adapters: what engines serve of them (a pool's lora) and what requests ask for (workload.adapters), read, checked and explained.
import { show } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { number, type Part } from '../world.ts';
import { bandwidth, count, positive, readShare, section, share, size, time } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import { type FleetSpec, poolsOfKind } from './types.ts';

/** The adapters that an engine serves, and what they cost it. */
export interface LoraSpec {
  readonly max_loras: number;
  readonly max_cpu_loras: number;
  readonly max_lora_rank: number;
  /** Shares of a step: with any adapter, and with each that runs; null = the time in which its weights are read. */
  readonly overhead: number;
  readonly perAdapter: number | null;
  /** Of an adapter, for each unit of its rank; null = those of the model. */
  readonly bytesPerRank: number | null;
  readonly latency: number; // s
  /** B/s; null = the hardware's link to its host. */
  readonly host: number | null;
  readonly storage: number; // B/s
}

/** Adapters that requests ask for: number k with weight (k+1)^-zipf. */
export interface AdapterTraffic {
  readonly count: number;
  readonly zipf: number;
  /** Share of the requests that ask for the base model. */
  readonly base: number;
  /** Of each; null = as high as its engine takes. */
  readonly rank: number | null;
}

const MOST_RANK = 4096;
const rank = () => count(1, MOST_RANK);
/** vLLM has it. */
const USUAL_RANK = 16;

export const lora = section(
  {
    max_loras: size().describe(
      'Adapters that run in one instance at once, as vLLM spells it: requests for others wait and are passed over. Their memory is taken from the KV cache.',
    ),
    max_cpu_loras: size()
      .optional()
      .describe('Adapters that host memory holds, those in the slots among them; max_loras if left out.'),
    max_lora_rank: rank()
      .optional()
      .describe(
        `Highest rank of an adapter: every slot is as large, and every step as dear; ${USUAL_RANK} if left out.`,
      ),
    step_overhead: share().describe(
      'What a step takes longer with any adapter in it. Measured: 30 to 50 % with kernels of 2024, 5 to 10 % with those of 2026.',
    ),
    step_per_adapter: share()
      .optional()
      .describe(
        'What it takes longer for each adapter that runs; the time in which the memory reads the weights of a slot if left out (0 without a model).',
      ),
    bytes_per_rank: positive()
      .optional()
      .describe(
        'Bytes of an adapter for each unit of its rank; those of 16-bit adapters on all linear layers of the model but routed experts if left out.',
      ),
    load_latency: time().optional().describe('Of a load into a slot, beside its bytes; 0 if left out.'),
    host_bandwidth: bandwidth()
      .optional()
      .describe("From host memory into a slot; the hardware's link to its host if left out."),
    storage_bandwidth: bandwidth().describe(
      'From where adapters are kept into host memory. A step that needs an adapter waits until it is loaded.',
    ),
  },
  '{max_loras, step_overhead, storage_bandwidth, ...}',
);

export const adapters = section(
  {
    count: size().describe('Different adapters.'),
    zipf: positive()
      .optional()
      .describe('Skew of their choice: number k has weight k to the power of -zipf; 0 (even) if left out.'),
    base_share: share().optional().describe('Share of the requests that ask for the base model; 0 if left out.'),
    rank: rank().optional().describe("Of each; the engine's max_lora_rank if left out."),
  },
  '{count, zipf, base_share, rank}',
);

/** The rule of a pool; null where it has none, or where something of it was refused already. */
export function readLora(input: Part, path: readonly string[], ledger: Ledger): LoraSpec | null {
  const written = input.lora as Part | undefined;
  const own = [...path, 'lora'];
  if (written === undefined || ledger.isBroken(own)) return null;
  const given = (key: string, unit: 'bandwidth' | 'number') =>
    written[key] === undefined ? null : measured(written[key], unit);
  const shareOf = (key: string) => (written[key] === undefined ? null : readShare(written[key] as string | number));
  const slots = number(written.max_loras, 1);
  const rule: LoraSpec = {
    max_loras: slots,
    max_cpu_loras: number(written.max_cpu_loras, slots),
    max_lora_rank: number(written.max_lora_rank, USUAL_RANK),
    overhead: shareOf('step_overhead') ?? 0,
    perAdapter: shareOf('step_per_adapter'),
    bytesPerRank: given('bytes_per_rank', 'number'),
    latency: written.load_latency === undefined ? 0 : measured(written.load_latency, 'time'),
    host: given('host_bandwidth', 'bandwidth'),
    storage: given('storage_bandwidth', 'bandwidth') ?? Number.POSITIVE_INFINITY,
  };
  if (rule.max_cpu_loras < rule.max_loras) {
    const expected = `at least the max_loras ${rule.max_loras}: what lies in a slot lies in host memory too`;
    ledger.add({ path: [...own, 'max_cpu_loras'], expected, received: show(written.max_cpu_loras), row: true });
  }
  if (input.model === undefined) {
    const reason =
      'without a model nothing says how large an adapter is, and without hardware how it comes to the device';
    for (const key of ['bytes_per_rank', 'host_bandwidth'])
      if (written[key] === undefined) ledger.addMissing([...own, key], `a number: ${reason}`);
  }
  const apart: readonly [key: string, refused: boolean, why: string][] = [
    [
      'data_parallel_size',
      number(input.data_parallel_size, 1) > 1,
      '1 beside lora: adapters of ranks that step together are not modelled',
    ],
    ['preemption_mode', input.preemption_mode === 'swap', 'recompute beside lora'],
    [
      'recv_interval',
      input.recv_interval !== undefined,
      'no recv_interval beside lora: only a queue by arrival has a newest end',
    ],
    [
      'batch_wait',
      input.batch_wait !== undefined,
      'no batch_wait beside lora: it counts prompts of a queue by arrival',
    ],
  ];
  for (const [key, refused, expected] of apart)
    if (refused) ledger.add({ path: [...path, key], expected, received: show(input[key]), row: true });
  return rule;
}

export function readAdapters(input: Part | undefined, ledger: Ledger): AdapterTraffic | null {
  if (!input || ledger.isBroken(['workload', 'adapters'])) return null;
  return {
    count: number(input.count, 1),
    zipf: number(input.zipf, 0),
    base: input.base_share === undefined ? 0 : readShare(input.base_share as string | number),
    rank: input.rank === undefined ? null : number(input.rank, 1),
  };
}

/** Adapters that nobody serves, or that are too high for who does. */
export function checkAdapters(spec: Pick<FleetSpec, 'pools' | 'adapters'>, ledger: Ledger): void {
  if (!spec.adapters) return;
  const serving = poolsOfKind(spec, 'llm').filter(({ lora: rule }) => rule);
  const path = ['workload', 'adapters'];
  if (serving.length === 0 && !spec.pools.some(({ name }) => ledger.isBroken(['fleet', name, 'lora'])))
    ledger.add({ path, expected: 'none without a pool that has lora: nobody would serve them', received: 'adapters' });
  const { rank: own } = spec.adapters;
  for (const { name, lora: rule } of serving) {
    if (!rule || own === null || own <= rule.max_lora_rank) continue;
    const expected = `at most the max_lora_rank ${rule.max_lora_rank} of pool ${name}`;
    ledger.add({ path: [...path, 'rank'], expected, received: String(own), row: true });
  }
}

/** The rule in words. */
export function explainLora(rule: LoraSpec): string {
  const each = rule.perAdapter === null ? '' : ` and ${rule.perAdapter * 100} % each`;
  return `${rule.max_loras} in slots, ${rule.max_cpu_loras} in host memory, up to rank ${rule.max_lora_rank}, steps +${rule.overhead * 100} %${each}`;
}

/** What requests ask for, in words. */
export function explainAdapters({ count: number, zipf, base, rank: own }: AdapterTraffic): string {
  const skew = zipf > 0 ? `, zipf ${zipf}` : '';
  const words = own === null ? '' : ` of rank ${own}`;
  return `for one of ${number} adapters${words}${skew}${base > 0 ? `, ${base * 100} % for the base model` : ''}`;
}
