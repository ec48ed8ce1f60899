// A random scenario of the single-stage engine as a fleet: one pool, and around each visit stages that cost nothing.
import type fc from 'fast-check';
import type { FleetClient, FleetProgram } from '../../src/plan/fleet.ts';
import { drawScenario, type Scenario } from '../engine/random.ts';
import { programOf, type RequestRow, type VisitRow } from './cases.ts';

/** Scenarios without the small rules of some engines that a fleet's clients do not have. */
export function drawPool(): fc.Arbitrary<Scenario> {
  return drawScenario(true).map(({ requests, setup }) => {
    const { receiveEvery: _, batchWait: __, ...plain } = setup;
    return { requests, setup: plain };
  });
}

/** The requests of a scenario through one pool, with `before` and `after` instant stages on cores around each. */
export function poolOf({ requests, setup }: Scenario, before: number, after: number): FleetProgram {
  const { batching, admission, maxNumSeqs, maxNumBatchedTokens, numGpuBlocks, blockSize, maxModelLen, price } = setup;
  const { maxPrompt, watermark, swap, schedulerSteps } = setup;
  // draws go by visit: only where a request is one visit are they those of its request
  const drafts = setup.speculation ? { speculation: setup.speculation } : {};
  const pooled = {
    batching,
    admission,
    maxNumSeqs,
    maxNumBatchedTokens,
    numGpuBlocks,
    blockSize,
    maxModelLen,
    price,
    maxPrompt,
    watermark,
    ...drafts,
    swap,
    schedulerSteps,
  };
  const pool = Array.from({ length: setup.replicas }, (): Partial<FleetClient> => pooled);
  const members = pool.map((_, index) => index);
  const routing = setup.routing === 'round-robin' ? ('round-robin' as const) : ('load' as const);
  const rows = Array.from(requests.arrival, (at, i): RequestRow => {
    const stages: VisitRow[] = [
      ...Array.from({ length: before }, () => ({ group: 1 })),
      { group: 0, prompt: requests.prompt[i]!, output: requests.output[i]! },
      ...Array.from({ length: after }, () => ({ group: 1 })),
    ];
    return { at, visits: stages.map((row, k) => (k + 1 < stages.length ? { ...row, to: [[k + 1]] } : row)) };
  });
  return programOf({
    clients: [...pool, { kind: 'cores', maxNumSeqs: 1000 }],
    groups: [{ members, routing, metric: 'requests' }, { members: [pool.length] }],
    requests: rows,
    concurrency: requests.concurrency,
  });
}
