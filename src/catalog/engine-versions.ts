// Versions of engines: which profile stands for which, and which engine and version a profile's name says.

export type Version = readonly [major: number, minor: number, patch: number];

/** Engines of which people write versions. */
export const VERSIONED = ['vllm', 'sglang', 'trtllm'] as const;
export type VersionedEngine = (typeof VERSIONED)[number];

/** Profiles of an engine, newest first, with the first version and the first year each stands for. */
export interface Line {
  readonly profile: string;
  readonly from: Version;
  readonly year: number;
  /** Day, as yyyymmdd, from which on its nightly builds lead to it and no longer to the line before. Absent = they are told by their year. */
  readonly nightlies?: number;
}

export const LINES: Readonly<Record<VersionedEngine, readonly [Line, ...Line[]]>> = {
  vllm: [
    { profile: 'vllm-0.21', from: [0, 21, 0], year: Number.POSITIVE_INFINITY }, // by its version only
    { profile: 'vllm-0.19', from: [0, 19, 0], year: 2026 },
    { profile: 'vllm-0.18', from: [0, 13, 0], year: Number.POSITIVE_INFINITY }, // the same
    { profile: 'vllm-0.11', from: [0, 8, 0], year: 2025 },
    { profile: 'vllm-0.6', from: [0, 6, 0], year: Number.POSITIVE_INFINITY }, // the same
    { profile: 'vllm-0.4', from: [0, 3, 0], year: 2024 },
    { profile: 'vllm-2023', from: [0, 0, 0], year: 0 },
  ],
  sglang: [
    { profile: 'sglang-0.5.10', from: [0, 5, 10], year: 2026, nightlies: 20260301 },
    { profile: 'sglang-0.5.9', from: [0, 5, 8], year: Number.POSITIVE_INFINITY, nightlies: 20260101 }, // by its version only
    { profile: 'sglang-0.5', from: [0, 0, 0], year: 0 },
  ],
  trtllm: [
    { profile: 'trtllm-1.0', from: [0, 17, 0], year: 2025 },
    { profile: 'trtllm-0.9', from: [0, 0, 0], year: 0 },
  ],
};

/** Later than every version there is. */
export const NEWEST: Version = [Number.POSITIVE_INFINITY, 0, 0];

/** "0.10.2", "1.0.0rc3" and "v0.6"; a year ("2023") or a name ("dynamo-0.8.1") is no version of the engine. */
export function readVersion(text: string): Version | null {
  const match = /^v?(\d{1,2})\.(\d{1,3})(?:\.(\d{1,3}))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}

/** The day of a nightly build, as yyyymmdd ("nightly-dev-20260216-d3bae71e"); null where there is none. */
export function readNightly(text: string): number | null {
  const match = /^nightly-(?:dev-)?(20\d{6})(?!\d)/.exec(text);
  return match ? Number(match[1]) : null;
}

export function isAtLeast(version: Version, from: Version): boolean {
  const first = ([0, 1, 2] as const).find((i) => version[i] !== from[i]);
  return first === undefined || version[first] > from[first];
}

/** "0.11", "0.5.9". */
export function versionWords([major, minor, patch]: Version): string {
  return `${major}.${minor}${patch > 0 ? `.${patch}` : ''}`;
}

/** The profile that stands for a version. */
export function profileOf(engine: VersionedEngine, version: Version): string {
  const lines = LINES[engine];
  return (lines.find(({ from }) => isAtLeast(version, from)) ?? lines[0]).profile;
}

/**
 * Engine and version of a profile by its name (`vllm-0.11`, `tensorrt-llm-1.2-ours`). A name of the engine without a version is that
 * of the line it has in the table, else the newest. null where the name is of no engine that is started by a command known here.
 */
export function engineOfProfile(id: string): { readonly engine: VersionedEngine; readonly version: Version } | null {
  const word = /^(vllm|sglang|trtllm|tensorrt-llm)(?![a-z])/.exec(id)?.[1];
  if (word === undefined) return null;
  const engine = word === 'tensorrt-llm' ? 'trtllm' : (word as VersionedEngine);
  const own = LINES[engine].find(({ profile }) => profile === id)?.from;
  return { engine, version: readVersion(id.slice(word.length + 1)) ?? own ?? NEWEST };
}
