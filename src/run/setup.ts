export type { EngineSetup, RequestResults, StepRecord } from '../plan/setup.ts';
