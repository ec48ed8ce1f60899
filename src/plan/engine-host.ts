// The host time of an engine's steps, which depends on the model where the engine runs ahead of the device for some models only.
import type { EngineProfile, Model } from '../catalog/types.ts';

/** Host times of a profile for a model: those of models with recurrent layers where the profile has them apart. */
export function hostOf({ host, state_host }: EngineProfile, model: Model): EngineProfile['host'] {
  if (state_host === undefined) return host;
  return model.groups.some(({ attention }) => attention.kind === 'linear') ? state_host : host;
}

/** The profile of an engine that serves this model only: one host time, to be fitted. */
export function profileFor({ state_host, ...profile }: EngineProfile, model: Model): EngineProfile {
  return { ...profile, host: hostOf({ ...profile, ...(state_host ? { state_host } : {}) }, model) };
}
