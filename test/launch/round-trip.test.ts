// The law of commands: what a spec says of an engine is in the command that starts it, or a note says that it is not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineOfProfile } from '../../src/catalog/engine-versions.ts';
import { PACKING } from '../../src/check/scheduler-lists.ts';
import { buildLaunch } from '../../src/report/launch.ts';
import type { LoraSpec } from '../../src/spec/fleet/lora.ts';
import type { Deployed } from '../../src/spec/launch/settle.ts';
import { DRAFT_METHODS } from '../../src/spec/speculative.ts';
import type { Configuration } from '../../src/spec/types.ts';
import { ADMISSIONS, BATCHINGS, KV_FORMATS, WEIGHT_FORMATS } from '../../src/spec/words.ts';
import { runs } from '../depth.ts';
import { CONFIGURATION } from '../report/fixture.ts';
import { CATALOG, readOne } from './world.ts';

const PROFILES = CATALOG.ids('engines').filter((id) => {
  const found = engineOfProfile(id);
  return found !== null && !(found.engine === 'trtllm' && found.version[0] === 0); // built, not started
});

const whole = (max: number) => fc.integer({ min: 1, max });
const drafts = fc.record({
  method: fc.constantFrom(...DRAFT_METHODS),
  named: fc.boolean(),
  quantization: fc.constantFrom('auto', 'fp8' as const),
  draft_tensor_parallel_size: fc.constantFrom(0, 2),
  length: whole(8),
});

const loras = fc.record({ slots: whole(9), more: fc.nat(9), rank: fc.constantFrom(8, 24, 64, 1000) }).map(
  ({ slots, more, rank }): LoraSpec => ({
    ...{ max_loras: slots, max_cpu_loras: slots + more, max_lora_rank: rank },
    ...{ overhead: 0.1, perAdapter: null, bytesPerRank: null, latency: 0, host: null, storage: 1e9 },
  }),
);

/** A pool of a profile: every key that a command may say, drawn. */
const pool = (profile: string): fc.Arbitrary<Deployed> =>
  fc
    .record({
      tp: fc.constantFrom(1, 2, 8),
      dp: fc.constantFrom(1, 4),
      spread: fc.boolean(),
      pp: fc.constantFrom(1, 2),
      quantization: fc.constantFrom(...WEIGHT_FORMATS),
      kv_cache_dtype: fc.constantFrom(...KV_FORMATS),
      batching: fc.constantFrom(...BATCHINGS),
      admission: fc.constantFrom(...ADMISSIONS),
      max_num_seqs: whole(4096),
      max_num_batched_tokens: whole(40_000),
      max_model_len: fc.constantFrom(0, 4096, 131_072),
      gpu_memory_utilization: whole(99).map((percent) => percent / 100),
      block_size: fc.constantFrom(1, 16, 64),
      blocks: fc.constantFrom(0, 77),
      watermark: fc.constantFrom(0, 0.01),
      preemption_mode: fc.constantFrom('recompute', 'swap' as const),
      swap_space: whole(9).map((gib) => gib * 2 ** 30),
      num_scheduler_steps: fc.constantFrom(1, 8),
      recv_interval: fc.constantFrom(1, 50),
      wait: fc.option(fc.record({ iters: whole(50), max_tokens_ratio: fc.constantFrom(0.5, 1) }), { nil: null }),
      even: fc.option(fc.record({ timeout_iters: whole(50), batching_wait_iters: fc.constantFrom(0, 10) }), {
        nil: null,
      }),
      drafting: fc.option(drafts, { nil: null }),
      prefixCaching: fc.constantFrom(null, true, false),
      plain: fc.constantFrom(null, true, false),
      packing: fc.constantFrom(...PACKING.names),
      role: fc.constantFrom('both', 'prefill', 'decode' as const),
      lora: fc.option(loras, { nil: undefined }),
    })
    .map((drawn) => {
      const {
        tp,
        dp,
        spread,
        pp,
        blocks,
        recv_interval,
        wait,
        even,
        drafting,
        prefixCaching,
        plain,
        packing,
        role,
        lora,
        ...keys
      } = drawn;
      const evens = even && dp > 1 ? { attention_dp_config: even } : {};
      const rules = {
        ...evens,
        ...(recv_interval > 1 ? { recv_interval } : {}),
        ...(wait ? { batch_wait: wait } : {}),
        ...(plain === null ? {} : { disable_cascade_attn: plain }),
      };
      const own = drafting?.method === 'draft_model';
      const named = own || (drafting?.method.startsWith('eagle') && drafting.named);
      const configuration: Configuration = {
        ...{ ...CONFIGURATION, ...keys, profile, model: 'moe/m', rules },
        ...{ tensor_parallel_size: tp, data_parallel_size: dp, pipeline_parallel_size: pp },
        ...{ expert_parallel_size: spread ? tp * dp : 1, num_gpu_blocks: blocks },
        ...(drafting
          ? {
              num_speculative_tokens: drafting.length,
              speculative_config: {
                ...{ method: drafting.method, model: named ? 'a/drafter' : '', acceptance: [] },
                quantization: own ? drafting.quantization : 'auto',
                draft_tensor_parallel_size: own ? drafting.draft_tensor_parallel_size : 0,
              },
            }
          : {}),
      };
      return { configuration, prefixCaching, packing, role, lora };
    });

type Keys = Readonly<Record<string, unknown>>;

/** What a pool is to its engine, key by key, defaults filled in. */
function meantBy({ configuration: c, prefixCaching, packing, role }: Deployed): Keys {
  const config = c.speculative_config;
  return {
    ...Object.fromEntries(KEYS.map((key) => [key, c[key]])),
    ...{
      enable_prefix_caching: prefixCaching ?? CATALOG.engine(c.profile).prefix_caching !== undefined,
      packing,
      role,
    },
    // what the checkpoint is anyway
    quantization: c.quantization === 'bf16' ? 'auto' : c.quantization,
    swap_space: c.preemption_mode === 'swap' ? c.swap_space : 0,
    recv_interval: c.rules?.recv_interval ?? 1,
    batch_wait: c.rules?.batch_wait ?? null,
    disable_cascade_attn: c.rules?.disable_cascade_attn ?? !CATALOG.engine(c.profile).cascade_attention,
    attention_dp_config: c.rules?.attention_dp_config ?? null,
    method: config?.method ?? null,
    drafts: config ? c.num_speculative_tokens : 0,
    drafter: config?.model ?? '',
    drafter_format: config?.quantization ?? 'auto',
    drafter_split: config?.draft_tensor_parallel_size ?? 0,
  };
}
const KEYS = [
  ...(['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'] as const),
  ...(['quantization', 'kv_cache_dtype', 'batching', 'admission', 'max_num_seqs', 'max_num_batched_tokens'] as const),
  ...(['max_model_len', 'gpu_memory_utilization', 'block_size', 'num_gpu_blocks', 'watermark'] as const),
  ...(['preemption_mode', 'num_scheduler_steps'] as const),
];

function meantByKeys(keys: Keys, profile: string): Keys {
  const own = CATALOG.engine(profile);
  const given = (keys.speculative_config ?? null) as Keys | null;
  return {
    ...{ tensor_parallel_size: 1, pipeline_parallel_size: 1, data_parallel_size: 1, expert_parallel_size: 1 },
    ...{ quantization: 'auto', kv_cache_dtype: 'auto', max_model_len: 0, num_gpu_blocks: 0, watermark: 0 },
    ...{
      preemption_mode: 'recompute',
      num_scheduler_steps: 1,
      swap_space: 0,
      recv_interval: 1,
      batch_wait: null,
      attention_dp_config: null,
    },
    ...{ packing: 'fcfs', role: 'both', batching: own.batching, admission: own.admission, block_size: own.block_size },
    enable_prefix_caching: own.prefix_caching !== undefined,
    disable_cascade_attn: !own.cascade_attention,
    ...Object.fromEntries(Object.entries(keys).filter(([key]) => key !== 'speculative_config')),
    method: given?.method ?? null,
    drafts: given?.num_speculative_tokens ?? 0,
    drafter: given?.model ?? '',
    drafter_format: given?.quantization ?? 'auto',
    drafter_split: given?.draft_tensor_parallel_size ?? 0,
  };
}

/** What a note says of a key that the command does not. */
const NOTED: Readonly<Record<string, RegExp>> = {
  tensor_parallel_size: /repeats attention over all/,
  data_parallel_size: /repeats attention over all|no flag for --data-parallel-size/,
  expert_parallel_size: /over all .* devices|no flag for --enable-expert-parallel/,
  role: /no flag for --kv-transfer-config/,
  num_gpu_blocks: /repeats attention over all|no flag for --data-parallel-size/,
  quantization: /serve a checkpoint whose weights are/,
  kv_cache_dtype: /KV cache/,
  batching: /no flag for (\w+ batching|--enable-chunked-prefill)/,
  admission: /no flag for (full-length|full-prompt|prompt|new-token-ratio) admission/,
  watermark: /watermark/,
  preemption_mode: /swapping/,
  swap_space: /swapping/,
  num_scheduler_steps: /two looks of the scheduler/,
  recv_interval: /two looks at arrivals/,
  batch_wait: /batch waiting/,
  disable_cascade_attn: /cascade attention/,
  attention_dp_config: /until every rank has one|repeats attention over all/,
  packing: /packing/,
  method: /no flag for (mtp|eagle3?|draft_model)|name the eagle3? head/,
  drafts: /no flag for (mtp|eagle3?)|name the eagle3? head/,
  drafter: /no flag for (mtp|eagle3?)|name the eagle3? head/,
  drafter_format: /draft checkpoint/,
  drafter_split: /split as the model is/,
  enable_prefix_caching: /no flag for --enable-prefix-caching/,
};

describe.each(PROFILES)('a pool of %s', (profile) => {
  it('is what its command is read as, but for what notes say', () => {
    fc.assert(
      fc.property(pool(profile), (deployed) => {
        const { command, notes } = buildLaunch(deployed);
        const read = readOne(command!, {}, profile);
        expect(read.faults).toEqual([]);
        const [meant, found] = [meantBy(deployed), meantByKeys(read.keys, profile)];
        // what adapters cost no flag says: its reader asks for it, with what flags do say
        if (deployed.lora) {
          const { max_loras, max_cpu_loras, max_lora_rank } = deployed.lora;
          const words = `max_loras: ${max_loras}, max_cpu_loras: ${max_cpu_loras}, max_lora_rank: ${max_lora_rank}`;
          const said = read.lost.some(({ why }) => why.includes(words));
          if (!said) expect(notes.join('\n')).toMatch(/no flag for --enable-lora|own lora_config/);
        }
        // vLLM's sides are told apart by their router, and that is what its reader says
        const sideless = read.lost.some(({ flag }) => flag === '--kv-transfer-config');
        for (const [key, value] of Object.entries(meant)) {
          if (JSON.stringify(found[key]) === JSON.stringify(value) || (key === 'role' && sideless)) continue;
          expect(notes.join('\n'), `${key}: ${JSON.stringify(value)} is read as ${JSON.stringify(found[key])}`).toMatch(
            NOTED[key] ?? /(?!)/,
          );
        }
      }),
      { seed: 9, numRuns: runs(100) },
    );
  });
});
