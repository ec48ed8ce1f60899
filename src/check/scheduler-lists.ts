// The closed lists of the scheduler. Each is one table, a file of assembly/layout that both compilers read; everything else follows from it.
import * as admission from '../../assembly/layout/admission.ts';
import * as batching from '../../assembly/layout/batching.ts';
import * as dealing from '../../assembly/layout/dealing.ts';
import * as load from '../../assembly/layout/load.ts';
import * as norms from '../../assembly/layout/norms.ts';
import * as packing from '../../assembly/layout/packing.ts';
import * as routing from '../../assembly/layout/routing.ts';
import * as scaling from '../../assembly/layout/scaling.ts';
import * as scores from '../../assembly/layout/scores.ts';
import { type ClosedList, type NameIn, readList } from './closed-list.ts';

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
/** What a scored choice knows of a member beside its loads. */
export type ScoreName = NameIn<typeof scores, 'SCORE'>;
/** What a scored choice weighs. */
export type TermName = LoadMetric | ScoreName;
/** What the figures of a term are measured by. */
export type NormName = NameIn<typeof norms, 'NORM'>;

export const BATCHING = readList(batching, 'BATCHING', batching.batchingWords);
export const ADMISSION = readList(admission, 'ADMISSION', admission.admissionWords);
export const PACKING = readList(packing, 'PACKING', packing.packingWords);
export const ROUTING = readList(routing, 'ROUTING', routing.routingWords);
export const DEALING = readList(dealing, 'DEALING', dealing.dealingWords);
export const LOAD = readList(load, 'LOAD', load.loadWords);
export const SCALING = readList(scaling, 'SCALING', scaling.scalingWords);
export const SCORE = readList(scores, 'SCORE', scores.scoreWords);
export const NORM = readList(norms, 'NORM', norms.normWords);
/** Loads, then scores; ids are the kernel's. */
export const TERM: ClosedList<TermName> = {
  names: [...LOAD.names, ...SCORE.names],
  id: {
    ...LOAD.id,
    ...(Object.fromEntries(SCORE.names.map((name) => [name, scores.SCORES_FROM + SCORE.id[name]])) as Record<
      ScoreName,
      number
    >),
  },
  words: { ...LOAD.words, ...SCORE.words },
};

/** A term of a scored choice. */
export interface Term {
  readonly term: TermName;
  readonly weight: number;
  readonly norm: NormName;
}

/** What a group chooses by: a load, and the terms of a choice that is scored. */
interface Compared {
  readonly routing: RoutingPolicy;
  readonly metric: LoadMetric;
  readonly terms?: readonly Term[];
}

/** A batch that leaves as one: nothing joins it, and it ends with its last sequence. */
export function isBatchOfOne(name: BatchingName): boolean {
  return batching.leavesAsOne(BATCHING.id[name]);
}

/** Whether prompts are cut into chunks. */
export function cutsPrompts(name: BatchingName): boolean {
  return batching.cutsPrompts(BATCHING.id[name]);
}

/** Whether decodes never share a step with prompts. */
export function decodesApart(name: BatchingName): boolean {
  return batching.decodesApart(BATCHING.id[name]);
}

/** Whether sequences take all their blocks at once. */
export function isFullLength(name: AdmissionName): boolean {
  return admission.neverPreempts(ADMISSION.id[name]);
}

/** Whether a queue is ordered by a key, and not by arrival. */
export function queuesByKey(name: PackingName): boolean {
  return packing.queuesByKey(PACKING.id[name]);
}

/** Whether tenants are served by what each has had. */
export function servesTenants(name: PackingName): boolean {
  return packing.servesTenants(PACKING.id[name]);
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
export const ROUND_BATCHINGS = BATCHING.names.filter(decodesApart);

/** Whether a choice looks at what changes inside a leap: its members must then be seen step by step. */
export function needsSteps(group: Compared): boolean {
  if (!routing.looksAtLoad(ROUTING.id[group.routing])) return false;
  const scored = group.terms?.some(({ term }) => isScore(term) && scores.scoreChangesInLeaps(SCORE.id[term]));
  return scored === true || loadsCompared(group).some((metric) => load.changesInLeaps(LOAD.id[metric]));
}

function isScore(term: TermName): term is ScoreName {
  return term in SCORE.id;
}

/** The load that every queue is a part of. */
export const OUTSTANDING: LoadMetric = 'requests';

/** Loads that a group compares; a queue is what is outstanding and does not run. */
export function loadsCompared({ metric, terms = [] }: Compared): LoadMetric[] {
  const weighed = terms.map(({ term }) => (isScore(term) ? OUTSTANDING : term));
  return [metric, ...weighed];
}

/** Whether a router reads a term in the metrics of an instance, and knows it only as it was then; the others it counts itself. */
export function isRead(term: TermName): boolean {
  return isScore(term) ? scores.scoreIsRead(SCORE.id[term]) : load.loadIsRead(LOAD.id[term]);
}

/** Whether a term is counted from when a member was last chosen. */
export function remembersChoice(term: TermName): boolean {
  return isScore(term) && scores.scoreRemembersChoice(SCORE.id[term]);
}

/** Whether a choice is a sum of terms. */
export function weighsTerms(policy: RoutingPolicy): boolean {
  return routing.weighsTerms(ROUTING.id[policy]);
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
export function looksAtBlocks({ routing: policy, terms = [] }: Compared): boolean {
  const held = terms.some(({ term }) => isScore(term) && scores.scoreLooksAtBlocks(SCORE.id[term]));
  return held || routing.looksAtBlocks(ROUTING.id[policy]);
}

/** Whether a group's members are ranks, and not instances that deal to theirs. */
export function choosesRanks(policy: RoutingPolicy): boolean {
  return routing.choosesRanks(ROUTING.id[policy]);
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
