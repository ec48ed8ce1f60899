// Pools that draft: the section reaches their clients, prices and figures, and a pool that decodes nothing may not have it.
import { describe, expect, it } from 'vitest';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

const MODEL = 'model: llama-3.1-8b, hardware: h100-sxm-80gb';
const DRAFTS = 'speculative_config: {method: eagle3, num_speculative_tokens: 3, acceptance: [0.8, 0.7, 0.6]}';
const spec = (prefill: string, decode: string) => `
fleet:
  p: {kind: llm, role: prefill, ${MODEL}${prefill}}
  d: {kind: llm, role: decode, ${MODEL}${decode}}
topology: {rack: {kind: rack}}
pipelines: {chat: {stages: [prefill, decode]}}
workload: {lengths: {input_len: 300, output_len: 80}, request_rate: 20, num_requests: 60, seed: 4}
`;

describe('a pool that drafts', () => {
  it('gives its clients drafts, acceptance and seed; kernel and reference agree, and tokens come faster', () => {
    const question = readText(spec('', `, ${DRAFTS}`));
    const lowered = lower(question);
    const [prefiller, decoder] = lowered.program.clients;
    expect(prefiller!.speculation).toBeUndefined();
    expect(decoder!.speculation).toEqual({
      drafts: 3,
      acceptance: [0.8, 0.8 * 0.7, 0.8 * 0.7 * 0.6],
      seed: 4,
      prefixLoss: 16,
    });
    const run = runFleet(lowered.program, { leap: 'exact' });
    expect([...run.results.finish]).toEqual([...referenceFleet(lowered.program).results.finish]);
    const { result } = measureRun(question, lowered, run);
    expect(result.speculation!.acceptance_length).toBeCloseTo(1 + 0.8 + 0.56 + 0.336, 0);
    expect(result.speculation!.per_position_acceptance_rates).toHaveLength(3);
    const plainly = readText(spec('', ''));
    const plain = lower(plainly);
    const without = measureRun(plainly, plain, runFleet(plain.program, { leap: 'exact' })).result;
    expect(without.speculation).toBeUndefined();
    expect(result.tpot.mean).toBeLessThan(0.7 * without.tpot.mean);
    expect(result.energy_j).not.toBe(without.energy_j);
  });

  it('is refused where nothing is decoded, and where the catalog knows better', () => {
    const words = (text: string) =>
      issuesIn(() => checkFleet(readText(text), catalog)).map(({ path, expected }) => `${path}: ${expected}`);
    expect(words(spec(`, ${DRAFTS}`, '')).join()).toContain(
      'fleet.p.speculative_config: no speculative_config: a pool of role prefill decodes nothing',
    );
    expect(
      words(spec('', ', speculative_config: {method: mtp, num_speculative_tokens: 1, acceptance: 0.8}')),
    ).toHaveLength(1);
    expect(words(spec('', ', speculative_config: {num_speculative_tokens: 1}'))).toHaveLength(2);
  });
});
