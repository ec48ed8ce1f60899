// The library door. The main path is six calls:
// openCatalog → openSpec → makePlan → sweep → measure → writeSweep
export { type Catalog, openCatalog } from './catalog/open.ts';
export type * from './catalog/types.ts';
export { formatIssue, type Issue, UserError } from './check/issue.ts';
export { readVersion } from './check/version.ts';
export type * from './metrics/types.ts';
export { explainStep } from './plan/explain-step.ts';
export type { EngineSetup, RequestResults, StepRecord } from './plan/setup.ts';
export { digestOf } from './report/digest.ts';
export { sweepHtml } from './report/html.ts';
export { runJson, sweepJson } from './report/json.ts';
export { runTable, sweepTable } from './report/terminal.ts';
export { writeSweep } from './report/write.ts';
export { type EngineOptions, type EngineRun, runEngine, startEngine } from './run/engine.ts';
export { openSession, type Session } from './run/session.ts';
export { type Prepared, prepare, resultOf } from './run/simulate.ts';
export { makePlan, measure, type Plan, type SweepOptions, type Swept, sweep } from './run/sweep.ts';
export { defaultSpecFile, openSpec } from './spec/open.ts';
export { readSpec } from './spec/read.ts';
export { countRows, rowAt } from './spec/rows.ts';
export { specJsonSchema } from './spec/schema.ts';
export type * from './spec/types.ts';
export { makeRequests } from './workload/make.ts';
export { readTrace } from './workload/traces.ts';
export type { Requests } from './workload/types.ts';
