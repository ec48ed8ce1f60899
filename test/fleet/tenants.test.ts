// Fair queues: whose turn it is, how far service may drift apart, and that one tenant alone is served first come, first served.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERVICE_INPUT, SERVICE_OUTPUT } from '../../assembly/layout/tenants.ts';
import type { FleetClient, FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { issuesIn, readText } from '../pipeline/world.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf, type RequestRow } from './cases.ts';
import { drawProgram } from './random.ts';

const request = (at: number, tenant: number, prompt: number, output: number): RequestRow => ({
  at,
  tenant,
  visits: [{ group: 0, prompt, output }],
});

function fair(requests: readonly RequestRow[], client: Partial<FleetClient> = {}): FleetProgram {
  return programOf({ clients: [{ packing: 'fair', tenants: [1, 1], ...client }], requests });
}

const play = (...of: Parameters<typeof fair>) => runFleet(fair(...of), { leap: 'exact' });

describe('turns', () => {
  it('go to whoever has had least of those that wait, and between equals to the first', () => {
    const rows = [request(0, 0, 4, 1), request(0, 0, 4, 1), request(0, 1, 4, 1), request(0, 1, 4, 1)];
    expect([...play(rows, { maxNumSeqs: 1 }).results.start]).toEqual([0, 2, 1, 3]);
  });

  it('count a token of an answer twice, and by what each is due', () => {
    // the first has had 1 + 2 * 4 when the second, at 3 * 1 a request, has had 3 of them
    const rows = [request(0, 0, 1, 4), request(0, 0, 1, 4), ...[0, 0, 0, 0].map((at) => request(at, 1, 1, 1))];
    expect([...play(rows, { maxNumSeqs: 1 }).results.start]).toEqual([0, 7, 4, 5, 6, 11]);
    const due = play(rows, { maxNumSeqs: 1, tenants: [3, 1] }).results.start;
    expect([...due]).toEqual([0, 5, 4, 9, 10, 11]);
  });

  it('pass while others decode, in the midst of what would be a leap', () => {
    // the long prompt of the first finds no room beside what it runs; a token later it has had more than the second, whose prompt fits
    const rows = [request(0, 0, 2, 12), request(0, 1, 10, 1), request(0.5, 0, 28, 1), request(0.5, 1, 3, 1)];
    expect(play(rows, { numGpuBlocks: 30, maxNumSeqs: 8 }).results.start[3]).toBe(2);
  });

  it('count a prompt once, however often it is computed', () => {
    // the first of b is preempted after four tokens, having had 18 + 2 * 4; when a's first ends, a has had 42, and so b's next is due
    const a = (prompt: number, output: number) => request(0, 0, prompt, output);
    const b = (prompt: number, output: number) => request(0, 1, prompt, output);
    const run = play([a(10, 10), b(18, 12), a(10, 1), b(2, 1), a(2, 1)], { numGpuBlocks: 36, maxNumSeqs: 2 });
    expect([...run.results.preemptions]).toEqual([0, 1, 0, 0, 0]);
    expect(run.results.start[3]).toBeLessThan(run.results.start[4]!);
  });

  it('save nothing up: who comes back is as far as those who waited', () => {
    const crowd = Array.from({ length: 6 }, () => request(0, 0, 10, 1));
    const late = [2.5, 2.5, 2.5].map((at) => request(at, 1, 10, 1));
    const { start } = play(
      [...crowd, ...late].sort((a, b) => a.at - b.at),
      { maxNumSeqs: 1 },
    ).results;
    // from 3 on they alternate
    expect([...start]).toEqual([0, 1, 2, 3, 5, 7, 4, 6, 8]);
  });
});

/** What each tenant has had at the end of each instant while all wait, counted from the visits; and when each visit began. */
function watchService(program: FleetProgram) {
  const { tenants = [] } = program.clients[0]!;
  const history: number[][] = [];
  let all = true;
  const seen = new Set<object>();
  const had = tenants.map(() => 0);
  const { results } = referenceFleet(program, ({ clients, visits }) => {
    const [client] = clients as [(typeof clients)[0]];
    for (const { visit } of client.busy?.formed.admitted ?? []) seen.add(visit);
    all &&= tenants.every((_, t) => client.waiting.some(({ tenant }) => tenant === t));
    if (!all) return;
    had.fill(0);
    for (const visit of visits) {
      const prompt = seen.has(visit) ? SERVICE_INPUT * visit.prompt : 0;
      had[visit.tenant]! += (prompt + SERVICE_OUTPUT * visit.generated) / tenants[visit.tenant]!;
    }
    history.push([...had]);
  });
  return { history, start: results.start };
}

// Sheng et al., theorem 4.4; effects.md, section 7: two tenants that wait all along are no further apart than 2 max(w_in L_in, w_out M)
it('two that wait drift apart by no more than the bound of their rule, whatever each asks for', () => {
  let far = 0;
  const crowd = fc.array(fc.record({ tenant: fc.nat(2), prompt: fc.nat(19), output: fc.nat(19) }), {
    minLength: 60,
    maxLength: 120,
    size: 'max',
  });
  const engine = fc.record({
    batching: fc.constantFrom('chunked', 'continuous', 'mixed' as const),
    numGpuBlocks: fc.integer({ min: 40, max: 90 }),
    maxNumSeqs: fc.integer({ min: 1, max: 6 }),
    maxNumBatchedTokens: fc.integer({ min: 8, max: 40 }),
    tenants: fc.array(fc.constantFrom(1, 1, 2, 4), { minLength: 3, maxLength: 3 }),
  });
  fc.assert(
    fc.property(crowd, engine, (rows, client) => {
      const requests = rows.map(({ tenant, prompt, output }) => request(0, tenant, 1 + prompt, 1 + output));
      const program = fair(requests, client);
      const { history, start } = watchService(program);
      const bound =
        (2 * Math.max(SERVICE_INPUT * 20, SERVICE_OUTPUT * client.numGpuBlocks)) / Math.min(...client.tenants);
      for (const [a, b] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const) {
        const apart = history.map((had) => had[a]! - had[b]!);
        const drift = Math.max(0, ...apart) - Math.min(0, ...apart);
        expect(drift).toBeLessThanOrEqual(bound);
        far = Math.max(far, drift / bound);
      }
      // its own counter cannot tell the kernel whether it counts right: who was served when does
      const { clients, results } = runFleet(program, { leap: 'exact' });
      expect(results.start).toEqual(start);
      expect(clients[0]!.fairGap).toBeLessThanOrEqual(bound);
    }),
    { numRuns: runs(60) },
  );
  // they do drift
  expect(far).toBeGreaterThan(0.05);
});

// effects.md, section 7, test 3: two clients, demand 2:1, both backlogged
it('serves a tenant that asks for twice as much no more than the other while both wait', () => {
  const rows = Array.from({ length: 300 }, (_, i) => request(0, i % 3 === 0 ? 1 : 0, 10, 10));
  const client = { maxNumSeqs: 4, numGpuBlocks: 100 };
  const { history, start } = watchService(fair(rows, client));
  expect(play(rows, client).results.start).toEqual(start);
  const [one, other] = history.at(-1)! as [number, number];
  expect(Math.abs(one - other)).toBeLessThanOrEqual(2 * SERVICE_OUTPUT * 100);
  expect(other).toBeGreaterThan(2000);
});

// L19: the rule is that of a queue by arrival where all are one tenant's
it('is first come, first served for one tenant', () => {
  let drawn = 0;
  fc.assert(
    fc.property(drawProgram(), (program) => {
      const { tenant: _, ...visits } = program.visits;
      const by = (packing: 'fair' | 'fcfs'): FleetProgram => ({
        ...program,
        visits,
        clients: program.clients.map(({ tenants, ...client }) =>
          tenants && client.packing === 'fair'
            ? { ...client, packing, ...(packing === 'fair' ? { tenants } : {}) }
            : client,
        ),
      });
      if (program.clients.some(({ packing }) => packing === 'fair')) drawn++;
      const [own, plain] = [by('fair'), by('fcfs')].map((one) => runFleet(one, { leap: 'exact' }).results);
      expect(own).toEqual(plain);
    }),
    { numRuns: runs(150) },
  );
  expect(drawn).toBeGreaterThan(20);
});

describe('a spec', () => {
  const told = (pool: string) =>
    issuesIn(() =>
      readText(`
fleet: {m: {kind: llm, model: llama-3.1-8b, hardware: l40s, packing: fair, ${pool}}}
pipelines: {a: {fair_weight: 2, stages: [{prefill: m}, {decode: m}]}, b: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: 10, output_len: 10}, request_rate: 1}
`),
    ).map(({ path }) => path);

  it('counts what tenants have had in one queue, token by token', () => {
    expect(told('max_num_seqs: 8')).toEqual([]);
    expect(told('num_scheduler_steps: 4')).toEqual(['fleet.m.num_scheduler_steps']);
    expect(told('preemption_mode: swap')).toEqual(['fleet.m.preemption_mode']);
    expect(told('tensor_parallel_size: 2, data_parallel_size: 2')).toEqual(['fleet.m.data_parallel_size']);
    expect(told('lora: {max_loras: 2, step_overhead: 5%, storage_bandwidth: 1GB/s}')).toEqual(['fleet.m.lora']);
  });
});
