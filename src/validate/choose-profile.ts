// Which engine profile stands for a measured engine: by its version where one is readable, else by the year of the run.
import type { CaseInput } from './case-columns.ts';

type Version = readonly [major: number, minor: number, patch: number];

/** Profiles of an engine, newest first, with the first version and the first year each stands for. */
interface Line {
  readonly profile: string;
  readonly from: Version;
  readonly year: number;
}

const LINES: Readonly<Partial<Record<CaseInput['engine'], readonly Line[]>>> = {
  vllm: [
    { profile: 'vllm-0.19', from: [0, 13, 0], year: 2026 },
    { profile: 'vllm-0.11', from: [0, 8, 0], year: 2025 },
    { profile: 'vllm-0.6', from: [0, 6, 0], year: Number.POSITIVE_INFINITY }, // by its version only
    { profile: 'vllm-0.4', from: [0, 3, 0], year: 2024 },
    { profile: 'vllm-2023', from: [0, 0, 0], year: 0 },
  ],
  sglang: [
    { profile: 'sglang-0.5.9', from: [0, 5, 8], year: 2026 },
    { profile: 'sglang-0.5', from: [0, 0, 0], year: 0 },
  ],
  trtllm: [
    { profile: 'trtllm-1.0', from: [0, 17, 0], year: 2025 },
    { profile: 'trtllm-0.9', from: [0, 0, 0], year: 0 },
  ],
};

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
const TUNED: Readonly<Partial<Record<CaseInput['engine'], string>>> = { vllm: 'vllm-tuned', trtllm: 'trtllm-tuned' };

export function chooseProfile({ engine, engine_version, year, mode }: CaseInput): string {
  if (isTuned(mode)) return TUNED[engine] ?? SINGLE[engine];
  const lines = LINES[engine];
  if (!lines) return SINGLE[engine];
  const version = readVersion(engine_version);
  if (version) return lines.find(({ from }) => isAtLeast(version, from))!.profile;
  if (year === null) return SINGLE[engine];
  return lines.find((line) => year >= line.year)!.profile;
}

function isAtLeast(version: Version, from: Version): boolean {
  const first = [0, 1, 2].find((i) => version[i] !== from[i]);
  return first === undefined || version[first] > from[first];
}

/** "0.10.2", "1.0.0rc3" and "v0.6"; a year ("2023") or a name ("dynamo-0.8.1") is no version of the engine. */
export function readVersion(text: string): Version | null {
  const match = /^v?(\d{1,2})\.(\d{1,3})(?:\.(\d{1,3}))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}
