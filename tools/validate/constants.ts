// The constants of the cost model that were fitted on measured runs, and the coarse grids that a refit chooses them from.
import type { EngineProfile } from '../../src/catalog/types.ts';
import { DERATING } from '../../src/plan/datasheet.ts';

/** Terms that are the same for all engines. */
export interface GlobalTerms {
  /** Slowing of linear work at 1024 rows and more. */
  readonly derating: number;
  /** Times the prefill floor of each profile; engines of 2023-24 have none. */
  readonly floors: number;
}

export type HostTerms = Pick<EngineProfile['host'], 'step_s' | 'sequence_s' | 'layer_s'>;
export type ClientTerms = NonNullable<EngineProfile['client']>;

/** The middle, and one step from it in either direction of either term. */
export const GLOBAL_GRID: readonly GlobalTerms[] = [
  { derating: DERATING, floors: 1 },
  { derating: 0.15, floors: 1 },
  { derating: 0.35, floors: 1 },
  { derating: DERATING, floors: 0.6 },
  { derating: DERATING, floors: 1.5 },
];

/** Host times of engines that run ahead of the device (2025-26) and of those that it waits for (2023-24). */
const HOSTS_NOW = cross([0, 0.2e-3, 0.4e-3], [0, 5e-6], [0, 13e-6]);
const HOSTS_THEN = cross([0, 1.5e-3], [30e-6, 100e-6, 270e-6], [0.05e-3, 0.13e-3]);

function cross(steps: readonly number[], sequences: readonly number[], layers: readonly number[]): HostTerms[] {
  return steps.flatMap((step_s) =>
    sequences.flatMap((sequence_s) => layers.map((layer_s) => ({ step_s, sequence_s, layer_s }))),
  );
}

export const HOST_CHOICES = HOSTS_NOW.length;

/** Engines with a prefill floor are those of 2025-26: the older ones were fitted without. */
export function isRecent(profile: EngineProfile): boolean {
  return profile.prefill_floor.layer_s > 0;
}

/** The profile with other constants: host choice `host` of its time, no client, and the floor where it has one. */
export function withConstants(profile: EngineProfile, terms: GlobalTerms, host: number): EngineProfile {
  const recent = isRecent(profile);
  const hosts = recent ? HOSTS_NOW : HOSTS_THEN;
  return {
    ...profile,
    host: { ...profile.host, ...hosts[host] },
    prefill_floor: { ...profile.prefill_floor, layer_s: terms.floors * profile.prefill_floor.layer_s },
    client: { request_s: 0, prompt_token_s: 0 },
  };
}

export const CLIENT_GRID: readonly ClientTerms[] = [0, 2e-3, 5e-3, 20e-3, 100e-3].flatMap((request_s) =>
  [0, 2e-6, 3.5e-6, 5e-6, 7e-6].map((prompt_token_s) => ({ request_s, prompt_token_s })),
);

/** What a refit finds anew, in words. */
export const REFITTED =
  'step_s, sequence_s and layer_s of the host of every engine profile, a factor on the prefill floors of the profiles of 2025-26 and ' +
  'the slowing of linear work at 1024 rows (one value each for all), and request_s and prompt_token_s of the client of every engine';
export const KEPT =
  'kernel fits and tables (from kernel timings, not from cases), whether host and device add or overlap, layer_device_s and ' +
  'gathers_from_bytes of the profile of 2023, prompt_layer_s, what untuned kernels and packed experts are slower by, the 2 us floor of small kernels, the rules of plan/datasheet.ts for MLA and block-scaled fp8, the half step ' +
  'that a client misses, and the sort of top-p sampling';

const us = (seconds: number) => `${Number((seconds * 1e6).toPrecision(3))} us`;

/** A choice in words. */
export function describeChoice(choice: {
  readonly global: number;
  readonly hosts: ReadonlyMap<string, number>;
  readonly early: ReadonlySet<string>;
  readonly clients: ReadonlyMap<string, number>;
}): string {
  const { derating, floors } = GLOBAL_GRID[choice.global];
  const hosts = [...choice.hosts].map(([profile, host]) => {
    const { step_s, sequence_s, layer_s } = (choice.early.has(profile) ? HOSTS_THEN : HOSTS_NOW)[host];
    return `${profile} ${us(step_s)} per step, ${us(sequence_s)} per sequence, ${us(layer_s)} per layer`;
  });
  const clients = [...choice.clients].map(([engine, client]) => {
    const { request_s, prompt_token_s } = CLIENT_GRID[client];
    return `client of ${engine} ${us(request_s)} and ${us(prompt_token_s)} per prompt token`;
  });
  return [`linear work slowed by ${derating}`, `prefill floors times ${floors}`, ...hosts, ...clients].join('; ');
}
