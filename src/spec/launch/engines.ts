// The engines whose commands are known: their flags, how they count, and how they are started.
import type { Version, VersionedEngine } from '../../catalog/engine-versions.ts';
import { type FlagRow, plainName } from './flag.ts';
import type { Deployed, Setting, Settled, Telling, Told } from './settle.ts';
import { settleSglang, tellSglang } from './sglang.ts';
import { SGLANG_FLAGS } from './sglang-flags.ts';
import { settleTrtllm, tellTrtllm } from './trtllm.ts';
import { TRTLLM_FLAGS } from './trtllm-flags.ts';
import { settleVllm, tellVllm } from './vllm.ts';
import { VLLM_FLAGS } from './vllm-flags.ts';

export interface EngineWords {
  readonly title: string;
  readonly flags: readonly FlagRow[];
  /** `--no-flag` negates a switch, `--flag.key=value` is a key of an object. */
  readonly negates: boolean;
  /** Its file of options decides over its flags, and has keys within keys; else flags decide over the file. */
  readonly fileDecides: boolean;
  settle(told: Told, setting: Setting): Settled;
  tell(pool: Deployed, version: Version): Telling;
}

export const ENGINES: Readonly<Record<VersionedEngine, EngineWords>> = {
  vllm: {
    title: 'vLLM',
    flags: VLLM_FLAGS,
    negates: true,
    fileDecides: false,
    settle: settleVllm,
    tell: tellVllm,
  },
  sglang: {
    title: 'SGLang',
    flags: SGLANG_FLAGS,
    negates: false,
    fileDecides: false,
    settle: settleSglang,
    tell: tellSglang,
  },
  trtllm: {
    title: 'TensorRT-LLM',
    flags: TRTLLM_FLAGS,
    negates: false,
    fileDecides: true,
    settle: settleTrtllm,
    tell: tellTrtllm,
  },
};

const indexes = new Map<VersionedEngine, ReadonlyMap<string, FlagRow>>();

/** Rows of an engine by every spelling (flag.ts: plainName). */
export function flagIndex(engine: VersionedEngine): ReadonlyMap<string, FlagRow> {
  const known = indexes.get(engine);
  if (known) return known;
  const index = new Map(
    ENGINES[engine].flags.flatMap((row) => row.names.map((name) => [plainName(name), row] as const)),
  );
  indexes.set(engine, index);
  return index;
}
