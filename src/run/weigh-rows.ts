// The way through a question of any shape: every row weighed, then simulated in the order of what its score cannot undercut.
import type { Question } from '../spec/question.ts';
import type { Objective } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import type { Found } from './found.ts';
import { proveFront } from './front.ts';
import { type Gathered, gatherLegal, openInOrder } from './legal.ts';
import { BLOCK_ROWS, type Report } from './protocol.ts';
import { fallenIn, openSearch, prove, type Searching, tellSearch } from './prove.ts';
import { REASON_WORDS } from './reasons.ts';
import { settleNearest } from './settle.ts';

/** Throws UserError for mistakes that only the workload's files reveal. `exhaustive`: also rows that cannot be better. */
export async function weighRows(searching: Searching, question: Question, exhaustive: boolean): Promise<Found> {
  const { legal, reasons, margin, nearest } = await weighAll(searching, question, searching.objective, !exhaustive);
  const pareto: [Objective, Gathered][] = [];
  for (const objective of question.pareto) {
    const own = objective === searching.objective ? legal : await weighFor(searching, question, objective, exhaustive);
    pareto.push([objective, own]);
  }
  const lookedAt = performance.now();
  const search = openSearch(searching);
  const proof = await prove(search, legal, exhaustive);
  const front = await proveFront(search, pareto);
  for (const { reason } of await settleNearest(search, nearest)) {
    const words = REASON_WORDS[reason];
    reasons.set(words, (reasons.get(words) ?? 0) - 1);
  }
  return {
    ...tellSearch(search, legal, proof, margin),
    ...front,
    rejected: [...[...reasons].map(([words, count]) => ({ words, count })), ...fallenIn(search)],
    screened: null,
    estimates: new Map(),
    lookedAt,
  };
}

async function weighFor(searching: Searching, question: Question, objective: Objective, exhaustive: boolean) {
  return (await weighAll(searching, question, objective, !exhaustive)).legal;
}

async function weighAll({ pool, watch }: Searching, { rows }: Question, objective: Objective, bounded: boolean) {
  const blocks = Math.ceil(rows / BLOCK_ROWS);
  const legal = gatherLegal();
  const reasons = new Map<string, number>();
  const nearest: Near[] = [];
  let margin = Number.POSITIVE_INFINITY;
  const inOrder = openInOrder((report: Weighed) => {
    legal.add(report.legal);
    margin = Math.min(margin, report.margin);
    nearest.push(...report.nearest);
    for (const [words, count] of report.reasons) reasons.set(words, (reasons.get(words) ?? 0) + count);
  });
  let done = 0;
  await pool.work({ kind: 'weigh', objective, rows, blocks, size: BLOCK_ROWS, bounded }, (report) => {
    if (report.kind !== 'weighed') return;
    inOrder.take(report);
    done += Math.min(BLOCK_ROWS, rows - report.block * BLOCK_ROWS);
    watch.onProgress?.(done, rows, 'checking');
  });
  inOrder.rest();
  return { legal: legal.done(), reasons, margin, nearest };
}

type Weighed = Extract<Report, { kind: 'weighed' }>;
