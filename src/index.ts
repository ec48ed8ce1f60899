// The library door. The main path is four calls:
// openCatalog → openQuestion → sweep → writeSweep
export { type Catalog, openCatalog } from './catalog/open.ts';
export type * from './catalog/types.ts';
export { formatIssue, type Issue, UserError } from './check/issue.ts';
export { readVersion } from './check/version.ts';
export * as mist from './door.ts';
export { measureFleet } from './metrics/fleet/measure.ts';
export { priceClients } from './metrics/fleet/price-list.ts';
export type * from './metrics/fleet/types.ts';
export type * from './metrics/sweep.ts';
export type * from './metrics/types.ts';
export { explainStep } from './plan/explain-step.ts';
export type { FleetProgram, VisitResults, VisitTable } from './plan/fleet.ts';
export { checkFleet, type LoweredFleet, prepareFleet } from './plan/pipeline/lower-fleet.ts';
export type { EngineSetup, RequestResults, StepRecord } from './plan/setup.ts';
export { digestOf } from './report/digest.ts';
export type { FleetContext } from './report/fleet/context.ts';
export { fleetHtml } from './report/fleet/html.ts';
export { fleetJson } from './report/fleet/json.ts';
export { fleetRequestTable } from './report/fleet/request-table.ts';
export { fleetRequestLines } from './report/fleet/requests.ts';
export { fleetTable } from './report/fleet/terminal.ts';
export { sweepHtml } from './report/html.ts';
export { sweepJson } from './report/sweep-json.ts';
export { sweepTable } from './report/terminal.ts';
export { type TraceOptions, writeTrace } from './report/timeline/trace.ts';
export { writeSweep } from './report/write.ts';
export { planMeasuring } from './run/client-view.ts';
export {
  type FleetOptions,
  type FleetRun as FleetEngineRun,
  runFleet,
  type StartedFleet,
  startFleet,
} from './run/fleet.ts';
export { type FleetEnd, measureRun } from './run/measure-fleet.ts';
export { openSpec as openQuestion } from './run/open-spec.ts';
export { openSession, type Session } from './run/session.ts';
export { type SweepOptions, sweep } from './run/sweep.ts';
export { readSpec } from './spec/fleet/read.ts';
export { specJsonSchema } from './spec/fleet/schema.ts';
export type * from './spec/fleet/types.ts';
export { defaultSpecFile, readSpecText } from './spec/open.ts';
export type { FleetRow, Question } from './spec/question.ts';
export { onePool } from './spec/shape.ts';
export type * from './spec/types.ts';
export { makeRequests } from './workload/make.ts';
export { readTrace } from './workload/traces.ts';
export type { Requests } from './workload/types.ts';
