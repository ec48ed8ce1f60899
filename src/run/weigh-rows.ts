// The way through a question of any shape: every row weighed, then simulated in the order of what its score cannot undercut.
import type { Question } from '../spec/question.ts';
import { joinLegal, type Legal } from './candidates.ts';
import type { Found } from './found.ts';
import { BLOCK_ROWS } from './protocol.ts';
import { openSearch, prove, type Searching, tellSearch } from './prove.ts';

/** Throws UserError for mistakes that only the workload's files reveal. `exhaustive`: also rows that cannot be better. */
export async function weighRows(searching: Searching, question: Question, exhaustive: boolean): Promise<Found> {
  const { legal, reasons } = await weighAll(searching, question);
  const lookedAt = performance.now();
  const search = openSearch(searching);
  const proof = await prove(search, legal, exhaustive);
  const fallen = [...reasons, ...search.refused.values()];
  return {
    ...tellSearch(search, legal, proof),
    rejected: fallen.map((words) => ({ words, count: 1 })),
    screened: null,
    estimates: new Map(),
    lookedAt,
  };
}

async function weighAll({ pool, watch }: Searching, { rows }: Question) {
  const blocks = Math.ceil(rows / BLOCK_ROWS);
  const parts: Legal[] = new Array(blocks);
  const reasons: string[][] = new Array(blocks);
  let done = 0;
  await pool.work({ kind: 'weigh', rows, blocks, size: BLOCK_ROWS }, (report) => {
    if (report.kind !== 'weighed') return;
    parts[report.block] = report.legal;
    reasons[report.block] = report.reasons;
    done += report.legal.row.length + report.reasons.length;
    watch.onProgress?.(done, rows, 'checking');
  });
  return { legal: joinLegal(parts.filter(Boolean)), reasons: reasons.flat() };
}
