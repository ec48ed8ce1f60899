// What an engine profile decides where the spec leaves a field blank.
import type { EngineProfile } from '../catalog/types.ts';
import { FIELDS, inputAt } from './fields.ts';
import type { ProfileDefaults } from './types.ts';
import { PROFILE_FIELDS, type ProfileField } from './words.ts';

/** Fields that follow the profile because the document says nothing about them. */
export function blanksOf(data: unknown): ProfileField[] {
  return PROFILE_FIELDS.filter((field) => inputAt(data, FIELDS[field].path) === undefined);
}

/** The profile's values of the blank fields. */
export function defaultsFor(profile: EngineProfile, blanks: readonly ProfileField[]): ProfileDefaults {
  return Object.fromEntries(blanks.map((field) => [field, profile[field]]));
}
