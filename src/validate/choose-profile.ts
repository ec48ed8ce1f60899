// Which engine profile stands for a measured engine: by its version where one is readable, else by the year of the run.
import { isAtLeast, LINES, type Line, readNightly, readVersion } from '../catalog/engine-versions.ts';
import type { CaseInput } from './case-columns.ts';

const SINGLE: Readonly<Record<CaseInput['engine'], string>> = {
  vllm: 'vllm-0.19',
  trtllm: 'trtllm-1.0',
  sglang: 'sglang-0.5.10',
  deepspeed: 'deepspeed-fastgen',
  'transformers-neuronx': 'neuronx',
  jetstream: 'jetstream',
  other: 'generic',
};

/** MLPerf submissions are tuned for that very benchmark: what an engine of their year cost by default says little of them. */
const isTuned = (mode: CaseInput['mode']): boolean => mode.startsWith('mlperf');
const TUNED: Readonly<Partial<Record<CaseInput['engine'], string>>> = { vllm: 'vllm-tuned', trtllm: 'trtllm-tuned' };

/** vLLM 0.6 to 0.10 had two cores, whatever its number: where a version names one ("0.9.2 (V0)"), the rules are that one's. */
const ENGINE_CORES = [
  { word: /\bV0\b/, profile: 'vllm-0.6' },
  { word: /\bV1\b/, profile: 'vllm-0.11' },
] as const;

/**
 * A number below every version of the engine's newest line, in a year of that line, is no version of TensorRT-LLM: what published runs
 * behind Dynamo give is Dynamo's own ("0.8.1" of 2026 serves TensorRT-LLM 1.2; its own 0.8 is of early 2024 and knows no Blackwell).
 */
function isServers(engine: CaseInput['engine'], text: string, year: number | null): boolean {
  const version = readVersion(text);
  const [newest] = LINES.trtllm;
  return (
    engine === 'trtllm' && version !== null && year !== null && year >= newest.year && !isAtLeast(version, newest.from)
  );
}

export function chooseProfile({ engine, engine_version, year, mode }: CaseInput): string {
  if (isTuned(mode)) return TUNED[engine] ?? SINGLE[engine];
  const lines = (LINES as Readonly<Partial<Record<CaseInput['engine'], readonly Line[]>>>)[engine];
  if (!lines) return SINGLE[engine];
  const named = ENGINE_CORES.find(({ word }) => engine === 'vllm' && word.test(engine_version));
  if (named) return named.profile;
  const version = isServers(engine, engine_version, year) ? null : readVersion(engine_version);
  if (version) return lines.find(({ from }) => isAtLeast(version, from))!.profile;
  const day = readNightly(engine_version);
  const built = day === null ? undefined : lines.find(({ nightlies }) => nightlies !== undefined && day >= nightlies);
  if (built) return built.profile;
  if (year === null) return SINGLE[engine];
  return lines.find((line) => year >= line.year)!.profile;
}
