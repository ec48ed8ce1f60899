// What plan hands to a run and what a run hands back: this room's callers need not know where it is defined.
export type { EngineSetup, RequestResults, StepRecord } from '../plan/setup.ts';
