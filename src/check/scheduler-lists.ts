// The closed lists of the scheduler. Each is one table, a file of assembly/layout that both compilers read; everything else follows from it.
import * as admission from '../../assembly/layout/admission.ts';
import * as batching from '../../assembly/layout/batching.ts';
import * as dealing from '../../assembly/layout/dealing.ts';
import * as load from '../../assembly/layout/load.ts';
import * as packing from '../../assembly/layout/packing.ts';
import * as routing from '../../assembly/layout/routing.ts';
import * as scaling from '../../assembly/layout/scaling.ts';
import { type NameIn, readList } from './closed-list.ts';

/** How a step is formed. */
export type BatchingName = NameIn<typeof batching, 'BATCHING'>;
/** KV blocks that a request needs to start. */
export type AdmissionName = NameIn<typeof admission, 'ADMISSION'>;
/** Which waiting visit is looked at first. */
export type PackingName = NameIn<typeof packing, 'PACKING'>;
/** How a group of clients chooses among its members. */
export type RoutingPolicy = NameIn<typeof routing, 'ROUTING'>;
/** How an engine deals visits to the ranks of an instance. */
export type DealingName = NameIn<typeof dealing, 'DEALING'>;
/** What a scaler measures of its instances. */
export type ScalingName = NameIn<typeof scaling, 'SCALING'>;
/** What load is. */
export type LoadMetric = NameIn<typeof load, 'LOAD'>;

export const BATCHING = readList(batching, 'BATCHING', batching.batchingWords);
export const ADMISSION = readList(admission, 'ADMISSION', admission.admissionWords);
export const PACKING = readList(packing, 'PACKING', packing.packingWords);
export const ROUTING = readList(routing, 'ROUTING', routing.routingWords);
export const DEALING = readList(dealing, 'DEALING', dealing.dealingWords);
export const LOAD = readList(load, 'LOAD', load.loadWords);
export const SCALING = readList(scaling, 'SCALING', scaling.scalingWords);

/** A batch that leaves as one: nothing joins it, and it ends with its last sequence. */
export function isBatchOfOne(name: BatchingName): boolean {
  return batching.leavesAsOne(BATCHING.id[name]);
}

/** Whether prompts are cut into chunks. */
export function cutsPrompts(name: BatchingName): boolean {
  return batching.cutsPrompts(BATCHING.id[name]);
}

/** Whether sequences take all their blocks at once. */
export function isFullLength(name: AdmissionName): boolean {
  return admission.neverPreempts(ADMISSION.id[name]);
}

/** Whether a queue is ordered by a key, and not by arrival. */
export function queuesByKey(name: PackingName): boolean {
  return packing.queuesByKey(PACKING.id[name]);
}

/** Whether requests have a rank of their own, by which they are served and preempted. */
export function ranksRequests(name: PackingName): boolean {
  return packing.ranksRequests(PACKING.id[name]);
}

/** Whether sequences take the blocks of their final length when they are admitted, so that nothing is ever preempted. */
export function reservesFinal(setup: { readonly batching: BatchingName; readonly admission: AdmissionName }): boolean {
  return isBatchOfOne(setup.batching) || isFullLength(setup.admission);
}

/** Batchings whose decodes may go in rounds. */
export const ROUND_BATCHINGS = BATCHING.names.filter((name) => batching.decodesApart(BATCHING.id[name]));

/** Whether a choice looks at what changes inside a leap: its members must then be seen step by step. */
export function needsSteps(group: { readonly routing: RoutingPolicy; readonly metric: LoadMetric }): boolean {
  return routing.looksAtLoad(ROUTING.id[group.routing]) && load.changesInLeaps(LOAD.id[group.metric]);
}

/** Whether what a scaler measures is a share of what an instance has. */
export function measuresShare(name: ScalingName): boolean {
  return scaling.measuresShare(SCALING.id[name]);
}

/** Whether what a scaler measures changes inside a leap: its instances must then be seen step by step. */
export function measuresSteps(name: ScalingName): boolean {
  return scaling.changesInside(SCALING.id[name]);
}

/** Whether a choice of ranks looks at what they have to do. */
export function looksAtRanks(name: DealingName): boolean {
  return dealing.looksAtRanks(DEALING.id[name]);
}

/** Whether what it chooses by changes as its members use blocks again. */
export function looksAtBlocks(policy: RoutingPolicy): boolean {
  return routing.looksAtBlocks(ROUTING.id[policy]);
}

/** Whether a group's members are two halves, one for light visits and one for heavy ones. */
export function splitsMembers(policy: RoutingPolicy): boolean {
  return routing.splitsMembers(ROUTING.id[policy]);
}

/** Whether a load metric may be given beside the policy: where it settles ties. */
export function settlesTies(policy: RoutingPolicy): boolean {
  return routing.looksAtLoad(ROUTING.id[policy]) && !isNamedByLoad(policy);
}

/** Whether a spec names the policy together with its metric. */
export function isNamedByLoad(policy: RoutingPolicy): boolean {
  return routing.namesItsLoad(ROUTING.id[policy]);
}
