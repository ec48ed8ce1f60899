// What an engine profile decides where the spec leaves a field blank: for some engines also by the device.
import { limitsOn, takesSmallLimits } from '../catalog/engine-limits.ts';
import type { EngineProfile, Hardware } from '../catalog/types.ts';
import type { ProfileDefaults } from './types.ts';
import { PROFILE_FIELDS, type ProfileField } from './words.ts';

/** What defaults may depend on of a device. */
export type SizedDevice = Pick<Hardware, 'memory_bytes' | 'name'>;

/** Fields that follow the profile because the pool says nothing about them. */
export function blanksOf(pool: Readonly<Record<string, unknown>>): ProfileField[] {
  return PROFILE_FIELDS.filter((field) => pool[field] === undefined);
}

/** The profile's values of the blank fields, on a device where one is known. */
export function defaultsFor(
  profile: EngineProfile,
  blanks: readonly ProfileField[],
  device?: SizedDevice,
): ProfileDefaults {
  const known = device ? { ...profile, ...limitsOn(profile, device) } : profile;
  return Object.fromEntries(blanks.map((field) => [field, known[field]]));
}

/** The key of `Spec.profileDefaults` that stands for a profile on a device of which it takes less. */
const onDevice = (profile: string, hardware: string): string => `${profile} on ${hardware}`;

/** The key of the defaults of a row: those of its profile on its device, else of its profile; null where there are none. */
export function defaultsKey(
  defaults: Readonly<Record<string, ProfileDefaults>> | undefined,
  profile: string,
  hardware: string,
): string | null {
  if (!defaults) return null;
  const own = onDevice(profile, hardware);
  return own in defaults ? own : profile in defaults ? profile : null;
}

/**
 * Defaults by profile, and by profile and device where a device gets others; undefined where one set serves all rows.
 * `device` looks a hardware id up.
 */
export function defaultsByRow(
  profiles: readonly EngineProfile[],
  hardware: readonly string[],
  blanks: readonly ProfileField[],
  device: (id: string) => SizedDevice | undefined,
): Readonly<Record<string, ProfileDefaults>> | undefined {
  if (blanks.length === 0) return undefined;
  const limited = blanks.includes('max_num_seqs') || blanks.includes('max_num_batched_tokens');
  const found: Record<string, ProfileDefaults> = {};
  for (const profile of profiles) {
    found[profile.id] = defaultsFor(profile, blanks);
    for (const id of limited ? hardware : []) {
      const sized = device(id);
      if (sized && takesSmallLimits(profile, sized))
        found[onDevice(profile.id, id)] = defaultsFor(profile, blanks, sized);
    }
  }
  const varies = profiles.length > 1 || (hardware.length > 1 && Object.keys(found).length > 1);
  return varies ? found : undefined;
}
