// What pages draw: per scenario one line a compared label; of answers that are neither compared nor drawn along the best stands, by name.
import { expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import type { StudiedRow } from '../../src/study/figures.ts';
import { openStudy } from '../../src/study/open-study.ts';
import { panelsOf, winnersOf } from '../../src/study/panels.ts';

const TEXT = `name: made up
model: llama-3.1-8b
let: {rate: [5, 10]}
workload: {lengths: azure-conv-2023, request_rate: rate, seed: [0, 1]}
deployment: {hardware: [h100-sxm-80gb, l4], tensor_parallel_size: [1, 2]}
engine: {batching: [chunked, mixed]}
study: {compare: batching, show: [throughput, p99(ttft)]}
`;
const HARDWARE = 'deployment.hardware';

/** The L4 writes more at a rate of 5, the H100 at 10; tp 2 always twice as much; TTFT is its inverse. */
function studied() {
  const study = openStudy(TEXT, 'made.yaml', openCatalog({}));
  const rows = study.rows.map((row): StudiedRow => {
    const labels = study.labelsOf(row);
    const of = (axis: string) => labels.get(axis)!;
    const first = (of(HARDWARE) === 'l4') === (of('let.rate') === '5');
    const mixed = of('engine.batching') === 'mixed' ? 10 : 0;
    const throughput =
      Number(of('deployment.tensor_parallel_size')) * (first ? 100 : 50) + mixed + Number(of('workload.seed'));
    const result = { output_throughput: throughput, ttft: { p99: 1 / throughput } } as unknown as FleetSummary;
    return { row, labels, result, refused: '', trust: null, load: 1, stands: of(HARDWARE) };
  });
  return { study, rows, claims: [], seconds: 1, interrupted: false, version: 'test' };
}

it('draws along the scenario of numbers, and takes the best of other answers', () => {
  const panels = panelsOf(studied());
  expect(panels.map(({ figure, scenario, axis }) => [figure.name, scenario, axis])).toEqual([
    ['throughput', '', 'rate'],
    ['p99(ttft)', '', 'rate'],
  ]);
  const [chunked, mixed] = panels[0]!.lines;
  expect([chunked!.name, mixed!.name]).toEqual(['chunked', 'mixed']);
  expect(mixed!.points).toEqual([
    { label: '5', mean: 210.5, low: 210, high: 211, seeds: 2, answer: 'hardware l4, tensor_parallel_size 2' },
    {
      label: '10',
      mean: 210.5,
      low: 210,
      high: 211,
      seeds: 2,
      answer: 'hardware h100-sxm-80gb, tensor_parallel_size 2',
    },
  ]);
});

it('takes the least where less is better', () => {
  const [first] = panelsOf(studied())[1]!.lines[0]!.points;
  expect(first!.answer).toBe('hardware l4, tensor_parallel_size 2');
  expect(first!.mean).toBeCloseTo((1 / 200 + 1 / 201) / 2, 12);
});

it('names the winner of every scenario', () => {
  const winners = winnersOf(studied()).filter(({ figure }) => figure.name === 'throughput');
  expect(winners.map(({ scenario }) => scenario)).toEqual(['rate 5', 'rate 10']);
  expect(winners.flatMap(({ lines }) => lines.map(({ points }) => points[0]!.mean))).toEqual([
    200.5, 210.5, 200.5, 210.5,
  ]);
});
