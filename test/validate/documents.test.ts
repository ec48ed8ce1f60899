// What is validated is what runs (law L13): the printed spec of a case, run by `mist run`, gives the very figures that were scored.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { run } from '../../src/commands/run.ts';
import { validate } from '../../src/commands/validate.ts';
import { readData, readSpec } from '../../src/spec/fleet/read.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import type { CaseInput } from '../../src/validate/case-columns.ts';
import { type CaseDocument, caseText as documentText, writeCase } from '../../src/validate/case-document.ts';
import { predictCases } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { type Cells, caseText, PAIR, STATIC, writeFolder } from './case-files.ts';

const catalog = openCatalog();
const LIST = { length_spread: '', lengths_file: 'lengths.csv', input_len: '400', output_len: '60' };
const FILES = {
  'lengths.csv': 'input_len,output_len\n300,40\n500,80\n410,61\n',
  'trace.csv': 'arrival_s,input_len,output_len\n0,300,40\n0.2,500,80\n0.3,410,61\n1.1,64,9\n',
};
const BUSY = { load_value: '32', num_requests: '160', max_num_seqs: '24', max_batched_tokens: '2048' };

/** At least one run of every mode of the schema, and of every rule that a case can state. */
const RUNS: Readonly<Record<string, Cells>> = {
  'static-batch': STATIC,
  'static-batch on a chip with compiled shapes': {
    ...STATIC,
    engine: 'transformers-neuronx',
    hardware: 'trainium1',
    tp_shards: '2',
  },
  'static-batch in the half of a device': { ...STATIC, hardware: 'trainium1', tp_shards: '1' },
  'closed-loop': { ...BUSY, engine: 'vllm' },
  'closed-loop of equal requests': { ...BUSY, length_spread: '1' },
  'closed-loop over a list': { ...LIST, ...BUSY, input_scale: '1.5', output_scale: '0.9' },
  'closed-loop of a busy scheduler': { ...BUSY, engine: 'sglang', prefill_policy: 'exclusive', recv_interval: '30' },
  'closed-loop that waits for a batch': { ...BUSY, engine: 'trtllm', batch_wait_iters: '20', batch_wait_ratio: '0.6' },
  'closed-loop, steady window': { ...BUSY, max_num_seqs: '', window: 'steady' },
  'closed-loop on replicas': { ...BUSY, replicas: '2', devices: '2' },
  'closed-loop with measured KV': { ...BUSY, kv_capacity_tokens: '9000' },
  'closed-loop of attention groups': {
    ...{ model: 'deepseek-r1', hardware: 'b200-sxm-180gb', devices: '8', tp: '1', tp_shards: '1', dp: '8', ep: '8' },
    ...{ weight_dtype: 'nvfp4', attn_weight_dtype: 'bf16', kv_dtype: 'fp8', engine: 'sglang' },
  },
  'open-loop': { mode: 'open-loop', load_kind: 'rate', load_value: '6', num_requests: '100' },
  'open-loop of a trace': {
    ...LIST,
    mode: 'open-loop',
    load_kind: 'trace',
    load_value: '',
    lengths_file: 'trace.csv',
    num_requests: '4',
  },
  offline: { mode: 'offline', load_kind: 'all-at-once', load_value: '', num_requests: '60' },
  'mlperf-offline': {
    ...LIST,
    mode: 'mlperf-offline',
    load_kind: 'all-at-once',
    load_value: '',
    replicas: '2',
    devices: '2',
  },
  'mlperf-server': { ...LIST, mode: 'mlperf-server', load_kind: 'rate', load_value: '9', replicas: '2', devices: '2' },
  'mlperf-interactive': { ...LIST, mode: 'mlperf-interactive', load_kind: 'rate', load_value: '4' },
  'disagg-closed-loop': { ...PAIR, num_requests: '120' },
  'disagg-closed-loop of groups': {
    ...PAIR,
    ...{ model: 'deepseek-r1', hardware: 'b200-sxm-180gb', devices: '16', engine: 'sglang', num_requests: '64' },
    ...{
      prefill_dp: '8',
      prefill_ep: '8',
      decode_workers: '1',
      decode_dp: '8',
      decode_ep: '8',
      weight_dtype: 'nvfp4',
      kv_dtype: 'fp8',
    },
  },
  'kv-transfer': {
    ...PAIR,
    mode: 'kv-transfer',
    load_value: '1',
    num_requests: '20',
    decode_workers: '1',
    devices: '2',
    kv_link_gb_s: '12',
  },
};

/** Figures of a case file by what `mist run --json` calls them. */
const FIELDS: Readonly<Record<string, string>> = {
  'ttft_ms.mean': 'mean_ttft_ms',
  'ttft_ms.p50': 'median_ttft_ms',
  'ttft_ms.p99': 'p99_ttft_ms',
  'tpot_ms.mean': 'mean_tpot_ms',
  'tpot_ms.p99': 'p99_tpot_ms',
  'itl_ms.p50': 'median_itl_ms',
  'e2e_ms.mean': 'mean_e2el_ms',
  'output_tokens_per_s.mean': 'output_throughput',
  'total_tokens_per_s.mean': 'total_token_throughput',
  'requests_per_s.mean': 'request_throughput',
  'power_w.mean': 'mist.power_w',
};

async function said(act: (out: { stdout(text: string): void; stderr(text: string): void }) => Promise<number>) {
  const parts: string[] = [];
  expect(await act({ stdout: (text) => void parts.push(text), stderr: () => undefined })).toBe(0);
  return parts.join('');
}

const read = (json: Record<string, unknown>, path: string): unknown =>
  path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], json);

describe('the printed spec of a case gives what was scored', () => {
  for (const [name, cells] of Object.entries(RUNS)) {
    test(name, async () => {
      const wanted =
        cells.mode === 'kv-transfer' ? [...Object.keys(FIELDS), 'kv_transfer_ms.mean'] : Object.keys(FIELDS);
      const rows = wanted.map((figure) => {
        const [metric, statistic] = figure.split('.');
        return { ...cells, group_id: 'one', case_id: figure, metric: metric!, statistic: statistic! };
      });
      const folder = writeFolder({ ...FILES, 'cases.csv': caseText(rows) });
      const file = join(folder, 'cases.csv');
      const predictions = predictCases(readCases(file), catalog);
      expect(
        predictions.filter(({ status }) => status === 'error' || status === 'oom').map(({ note }) => note),
      ).toEqual([]);
      const spec = join(folder, 'printed.yaml');
      writeFileSync(spec, await said((out) => validate([file, '--print-spec', wanted[0]!], out)));
      const json = JSON.parse(await said((out) => run([spec, '--json'], out))) as Record<string, unknown>;
      // a static batch has one first token and one end, those of its last sequence: the longest that mist run prints
      const isStatic = name.startsWith('static');
      for (const { row, predicted } of predictions) {
        const figure = row.case_id;
        if (predicted === null) continue;
        if (figure === 'kv_transfer_ms.mean') {
          const stages = read(json, 'mist.stages') as { name: string; transfer_ms: { mean: number } }[];
          expect([figure, stages.find((stage) => stage.name === 'decode')!.transfer_ms.mean]).toEqual([
            figure,
            predicted,
          ]);
        } else if (!isStatic || !/^(ttft|tpot|e2e)_ms/.test(figure)) {
          expect([figure, read(json, FIELDS[figure]!)]).toEqual([figure, predicted]);
        }
      }
      const pipelines = read(json, 'mist.pipelines') as { ttft_ms: { max: number }; e2el_ms: { max: number } }[];
      if (isStatic) {
        const of = (figure: string) => predictions.find(({ row }) => row.case_id === figure)!.predicted;
        expect([pipelines[0]!.ttft_ms.max, pipelines[0]!.e2el_ms.max]).toEqual([of('ttft_ms.mean'), of('e2e_ms.mean')]);
      }
    });
  }
});

test('data that is not looked at again is read as its text is', () => {
  const folder = writeFolder({ ...FILES, 'cases.csv': caseText(Object.values(RUNS)) });
  const options = readOptionsOf(join(folder, 'case.yaml'), catalog);
  for (const { id, input } of readCases(join(folder, 'cases.csv')).groups) {
    const document = writeCase(id, input as CaseInput, catalog, folder) as CaseDocument;
    const text = documentText(document);
    expect(readData(document, () => text, options)).toEqual(readSpec(text, options));
  }
});
