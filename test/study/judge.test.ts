// Verdicts of claims over made-up rows: what holds, what does not, what is noise and what is within the band; and every bad input.
import { describe, expect, it, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import type { StudiedRow } from '../../src/study/figures.ts';
import { judgeClaim, type Verdict } from '../../src/study/judge.ts';
import { openStudy } from '../../src/study/open-study.ts';

const catalog = openCatalog({});
const HEAD = `name: made up
model: llama-3.1-8b
let:
  rate: [5, 10]
workload: {lengths: azure-conv-2023, request_rate: rate, seed: [0, 1, 2]}
deployment: {hardware: [h100-sxm-80gb, l4]}
engine: {batching: [chunked, mixed], max_num_batched_tokens: [512, 2048]}
`;
const study = (...lines: string[]) =>
  openStudy(`${HEAD}study:\n${lines.map((line) => `  ${line}\n`).join('')}`, 'made.yaml', catalog);
const ofClaim = (say: string, ...more: string[]) =>
  study('compare: batching', 'claims:', '  one:', `    say: '${say}'`, ...more.map(nested));
const nested = (line: string): string => line.replace(/^(?!UNSTATED)/, '    ').replace('UNSTATED', 'unstated');

/** What the figures of a row are, by what it chooses. */
type Make = (labels: ReadonlyMap<string, string>) => { readonly throughput: number; readonly ttft: number };

function judge(opened: ReturnType<typeof study>, make: Make) {
  const rows = opened.rows.map((row): StudiedRow => {
    const labels = opened.labelsOf(row);
    const { throughput, ttft } = make(labels);
    const result = {
      output_throughput: throughput,
      preemptions: 0,
      ttft: { p99: ttft, mean: ttft },
      e2el: { mean: 1 },
    };
    const stands = labels.get('deployment.hardware')!;
    const band = { ttft_pct: 30, tpot_pct: 20, throughput_pct: 20, power_pct: 35 };
    return {
      ...{ row, labels, stands, refused: '', load: 1 },
      result: result as unknown as FleetSummary,
      trust: { basis: 'calibrated', regime: 'plain', band },
    };
  });
  return judgeClaim(opened.claims[0]!, rows, opened.grouping);
}

/** Chunked is `factor` times mixed, and seeds stray by a share. */
const chunkedIs =
  (factor: number, stray = 0): Make =>
  (labels) => {
    const seed = Number(labels.get('workload.seed'));
    const own = labels.get('engine.batching') === 'chunked' ? factor * (1 + stray * (seed - 1)) : 1;
    return { throughput: 1000 * own, ttft: 0.5 * own };
  };

describe('a verdict', () => {
  const cases: readonly (readonly [string, string, Make, Verdict])[] = [
    ['holds', 'winner(throughput) == "chunked"', chunkedIs(2), 'holds'],
    ['does not hold', 'winner(throughput) == "chunked"', chunkedIs(0.5), 'fails'],
    ['less is better', 'winner(p99(ttft)) == "mixed"', chunkedIs(2), 'holds'],
    ['is noise', 'winner(throughput) == "chunked"', chunkedIs(1.05, 0.3), 'noise'],
    ['is within the band', 'winner(throughput) == "chunked"', chunkedIs(1.05), 'band'],
    ['of a denial', 'winner(throughput) != "chunked"', chunkedIs(2), 'fails'],
    ['of either', 'winner(throughput) in ("chunked", "mixed")', chunkedIs(2), 'unknown'],
    ['of figures', 'p99(ttft) of chunked < of mixed', chunkedIs(0.5), 'holds'],
    ['of figures against', 'p99(ttft) of chunked < of mixed', chunkedIs(2), 'fails'],
    ['of a ratio', 'throughput of chunked / throughput of mixed >= 2.5', chunkedIs(3), 'holds'],
    ['of a ratio that is too small', 'throughput of chunked / throughput of mixed >= 2.5', chunkedIs(2), 'fails'],
    ['of a constant, whose band is that of the figure', 'throughput of chunked > 1700', chunkedIs(2), 'band'],
    ['of equality within a tolerance', 'throughput of chunked == 1500', chunkedIs(1), 'fails'],
    ['of both', 'throughput of chunked > of mixed and p99(ttft) of chunked < of mixed', chunkedIs(2), 'fails'],
    ['of seconds as such', 'p99(ttft) of chunked * 2 < 500ms', chunkedIs(0.2), 'holds'],
    ['of a ratio to nothing', 'throughput / preemptions > 1', chunkedIs(2), 'unknown'],
    ['of one of both', 'throughput of chunked > of mixed or p99(ttft) of chunked < of mixed', chunkedIs(2), 'holds'],
    ['of none', 'not throughput of chunked > of mixed', chunkedIs(0.5), 'holds'],
  ];
  test.each(cases)('%s', (_, say, make, verdict) => {
    expect(judge(ofClaim(say), make).verdict).toBe(verdict);
  });

  it('is loosened by a tolerance', () => {
    const say = 'throughput of chunked / throughput of mixed >= 2.5';
    expect(judge(ofClaim(say, 'tolerance: 0.5'), chunkedIs(2)).verdict).toBe('holds');
  });

  it('is of every scenario, or of any', () => {
    const make: Make = (labels) => chunkedIs(labels.get('let.rate') === '5' ? 2 : 0.5)(labels);
    const all = judge(ofClaim('winner(throughput) == "chunked"'), make);
    expect(all.verdict).toBe('fails');
    expect(all.counts).toMatchObject({ holds: 1, fails: 1 });
    expect(all.scenarios.map(({ scenario }) => scenario)).toEqual(['rate 5', 'rate 10']);
    expect(judge(ofClaim('winner(throughput) == "chunked"', 'for: any'), make).verdict).toBe('holds');
    expect(judge(ofClaim('winner(throughput) == "chunked"', 'where: rate < 10'), make).verdict).toBe('holds');
  });

  it('takes the best of answers that the claim does not name', () => {
    const make: Make = (labels) => {
      const best = labels.get('engine.max_num_batched_tokens') === '512' && labels.get('deployment.hardware') === 'l4';
      return { throughput: labels.get('engine.batching') === 'chunked' && best ? 3000 : 1000, ttft: 1 };
    };
    const judged = judge(ofClaim('throughput of chunked / throughput of mixed >= 2'), make);
    expect(judged.verdict).toBe('holds');
    expect(
      judge(ofClaim('throughput of (batching: chunked, max_num_batched_tokens: 2048) <= throughput of mixed'), make)
        .verdict,
    ).toBe('holds');
  });

  it('has the whole band between different devices, and little of it on the same', () => {
    const make: Make = (labels) => ({ throughput: labels.get('deployment.hardware') === 'l4' ? 1000 : 1150, ttft: 1 });
    const apart = judge(ofClaim('throughput of (hardware: "h100-sxm-80gb") > throughput of (hardware: "l4")'), make);
    expect(apart.verdict).toBe('band');
    expect(apart.scenarios[0]!.band).toBe(0.2);
    expect(judge(ofClaim('winner(throughput) == "chunked"'), chunkedIs(1.15)).scenarios[0]!.band).toBe(0.1);
    expect(judge(ofClaim('winner(throughput) == "chunked"'), chunkedIs(1.15)).verdict).toBe('holds');
  });
});

describe('mistakes', () => {
  function said(act: () => unknown): string {
    try {
      act();
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
    return '';
  }
  test.each([
    [
      'a figure that there is none of',
      'winner(througput) == "chunked"',
      'expected a figure, received througput',
      'throughput',
    ],
    ['a statistic that there is none of', 'p98(ttft) of chunked < of mixed', 'received p98(ttft)', 'p99(ttft)'],
    [
      'an axis that there is none of',
      'winner(throughput, by: batch) == "chunked"',
      'an axis of the document',
      'batching',
    ],
    ['a label that there is none of', 'winner(throughput) == "chunky"', 'a label of batching', 'chunked'],
    ['a number where a comparison is meant', 'throughput', 'a comparison', ''],
    ['winner against a number', 'winner(throughput) > 3', 'winner(...) == "label"', ''],
    ['half a claim', 'throughput of chunked <', 'received the end', ''],
    ['a unit that does not fit', 'p99(ttft) of chunked < 1GB', 'expected units that fit, received s < bytes', ''],
    ['figures of two units', 'p99(ttft) < throughput', 'expected units that fit, received s < tokens/s', ''],
    ['a sum of two units', 'p99(ttft) + throughput < 3', 'expected units that fit, received s + tokens/s', ''],
    ['a ratio against seconds', 'p99(ttft) / mean(ttft) < 2s', 'received a plain figure < s', ''],
    ['a divisor of nothing', 'throughput / 0 > 3', 'expected a divisor other than 0', ''],
  ])('%s', (_, say, words, hint) => {
    const found = said(() => ofClaim(say));
    expect(found).toContain('made.yaml:12: study.claims.one.say');
    expect(found).toContain(words);
    expect(found).toContain(hint);
  });

  test.each([
    ['rows that there are none of', ['where: rate > 50'], 'scenarios that share no row say nothing'],
    ['an unknown axis of a filter', ['where: rates > 5'], 'did you mean rate'],
    ['a word of for', ['for: all'], 'one of every, any'],
    ['an unknown key', ['wher: rate > 5'], 'did you mean where'],
    ['an unstated name that is nowhere', ['where: rate > 5', 'UNSTATED: {rat: [1]}'], 'did you mean rate'],
    [
      'an unstated key of no section',
      ['where: rate > 5', 'UNSTATED: {powr.cap: [1]}'],
      'study.unstated.powr.cap: expected',
    ],
  ])('%s', (_, more, words) => {
    expect(said(() => ofClaim('winner(throughput) == "chunked"', ...more))).toContain(words);
  });

  it('come all at once, with their lines', () => {
    const found = said(() =>
      study('compare: batchin', 'show: [througput]', 'claims: {a: winner(x) == "y", b: goodput >}'),
    );
    expect(found.split('\n')).toHaveLength(4);
    expect(found).toContain('made.yaml:9: study.compare');
    expect(found).toContain('made.yaml:10: study.show[0]');
  });

  it('a document without the section is no study', () => {
    expect(said(() => openStudy(HEAD, 'made.yaml', catalog))).toContain('study: expected a section study');
  });
});
