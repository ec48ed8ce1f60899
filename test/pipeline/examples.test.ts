// The paper's five pipelines: each example is a right spec, lowers to a right program, and runs to its end.
import { describe, expect, it } from 'vitest';
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { checkProgram } from './program.ts';
import { catalog, fewerRequests, lower, PAPER, readExample } from './world.ts';

describe.each(PAPER)('%s', (name) => {
  it('is a pipeline spec of a few thousand requests that the catalog allows', () => {
    const spec = readExample(name);
    expect(() => checkFleet(spec, catalog)).not.toThrow();
    expect(spec.workload.num_requests).toBeGreaterThanOrEqual(1000);
    const hardware = spec.pools.flatMap((pool) =>
      pool.kind === 'llm' ? pool.configuration.hardware : pool.kind === 'retrieval' ? pool.hardware : [],
    );
    expect(new Set(hardware).size).toBeGreaterThan(1);
  });

  it('runs every request to its end', () => {
    const { program, clients, roles } = lower(fewerRequests(readExample(name), 40));
    checkProgram(program);
    const run = referenceFleet(program);
    expect(run.deadlock).toBeNull();
    expect(new Set(run.requestState)).toEqual(new Set([STATE_FINISHED]));
    expect(clients.length).toBe(program.clients.length);
    expect(roles.prefill.length).toBeGreaterThan(0);
  });
});
