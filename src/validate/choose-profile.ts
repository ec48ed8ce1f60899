// Which engine profile stands for a measured engine: by its version where one is readable, else by the year of the run.
import { isAtLeast, LINES, type Line, readVersion } from '../catalog/engine-versions.ts';
import type { CaseInput } from './case-columns.ts';

const SINGLE: Readonly<Record<CaseInput['engine'], string>> = {
  vllm: 'vllm-0.19',
  trtllm: 'trtllm-1.0',
  sglang: 'sglang-0.5.9',
  deepspeed: 'deepspeed-fastgen',
  'transformers-neuronx': 'neuronx',
  jetstream: 'jetstream',
  other: 'generic',
};

/** MLPerf submissions are tuned for that very benchmark: what an engine of their year cost by default says little of them. */
const isTuned = (mode: CaseInput['mode']): boolean => mode.startsWith('mlperf');

export function chooseProfile({ engine, engine_version, year, mode }: CaseInput): string {
  const lines = (LINES as Readonly<Partial<Record<CaseInput['engine'], readonly Line[]>>>)[engine];
  if (!lines) return SINGLE[engine];
  if (isTuned(mode)) return lines[0].profile;
  const version = readVersion(engine_version);
  if (version) return lines.find(({ from }) => isAtLeast(version, from))!.profile;
  if (year === null) return SINGLE[engine];
  return lines.find((line) => year >= line.year)!.profile;
}
