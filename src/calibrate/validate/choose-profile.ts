// Which engine profile stands for a measured engine: by its version where one is readable, else by the year of the run.
import type { CaseInput } from './case.ts';

/** Profiles of an engine, newest first, with the first version and the first year each stands for. */
interface Line {
  readonly profile: string;
  readonly from: readonly [major: number, minor: number];
  readonly year: number;
}

const LINES: Readonly<Partial<Record<CaseInput['engine'], readonly Line[]>>> = {
  vllm: [
    { profile: 'vllm-0.19', from: [0, 13], year: 2026 },
    { profile: 'vllm-0.11', from: [0, 8], year: 2025 },
    { profile: 'vllm-0.6', from: [0, 6], year: Number.POSITIVE_INFINITY }, // by its version only
    { profile: 'vllm-0.4', from: [0, 3], year: 2024 },
    { profile: 'vllm-2023', from: [0, 0], year: 0 },
  ],
  trtllm: [
    { profile: 'trtllm-1.0', from: [0, 17], year: 2025 },
    { profile: 'trtllm-0.9', from: [0, 0], year: 0 },
  ],
};

const SINGLE: Readonly<Record<CaseInput['engine'], string>> = {
  vllm: 'vllm-0.19',
  trtllm: 'trtllm-1.0',
  sglang: 'sglang-0.5',
  deepspeed: 'deepspeed-fastgen',
  'transformers-neuronx': 'neuronx',
  jetstream: 'jetstream',
  other: 'generic',
};

export function chooseProfile({ engine, engine_version, year }: CaseInput): string {
  const lines = LINES[engine];
  if (!lines) return SINGLE[engine];
  const version = readVersion(engine_version);
  if (version)
    return lines.find(({ from }) => version[0] > from[0] || (version[0] === from[0] && version[1] >= from[1]))!.profile;
  if (year === null) return SINGLE[engine];
  return lines.find((line) => year >= line.year)!.profile;
}

/** "0.10.2", "1.0.0rc3" and "v0.6"; a year ("2023") or a name ("dynamo-0.8.1") is no version of the engine. */
export function readVersion(text: string): [number, number] | null {
  const match = /^v?(\d{1,2})\.(\d{1,3})/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : null;
}
