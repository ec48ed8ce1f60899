// Cross-validation predicts every group with constants it had no part in; the page and its picture name no row.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Catalog, openCatalog } from '../../src/catalog/open.ts';
import { predictCases } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { runTool } from '../../tools/main.ts';
import { cellsOf, chooseConstants, placeOf } from '../../tools/validate/choose.ts';
import { CLIENT_GRID, GLOBAL_GRID, HOST_CHOICES, withConstants } from '../../tools/validate/constants.ts';
import { crossValidate } from '../../tools/validate/cross-validate.ts';
import { replayGrid } from '../../tools/validate/replay-grid.ts';
import { type Cells, caseText, STATIC, writeFolder } from '../validate/case-files.ts';

const shipped = openCatalog();
const MODELS = ['llama-3.1-8b', 'qwen3-8b'];
/** One place of the host grid: 0.4 ms a step, for every engine. */
const SLOW = { step_s: 0.4e-3, sequence_s: 0, layer_s: 0 };

/** Measurements made by the model itself with known constants. */
function madeUp(): string {
  const rows = MODELS.flatMap((model) =>
    ['1', '4', '16'].map((load): Cells => ({ model, config_id: model, load_value: load, num_requests: '40' })),
  );
  const known: Catalog = {
    ...shipped,
    engine: (id) => ({ ...shipped.engine(id), host: { ...shipped.engine(id).host, ...SLOW } }),
  };
  const folder = writeFolder({ 'cases.csv': caseText(rows) });
  const values = predictCases(readCases(join(folder, 'cases.csv')), known);
  return caseText(rows.map((row, i) => ({ ...row, value: String(values[i].predicted) })));
}

test('constants that made the measurements are found again, also without the group', () => {
  const folder = writeFolder({ 'cases.csv': madeUp() });
  const file = readCases(join(folder, 'cases.csv'));
  const before = predictCases(file, shipped);
  const rows = replayGrid(file, shipped, before);
  const choice = chooseConstants(cellsOf(rows));
  const place = placeOf(rows[0], choice);
  const terms = GLOBAL_GRID[Math.floor(place / HOST_CHOICES)];
  const profile = withConstants(shipped.engine(rows[0].profile), terms, place % HOST_CHOICES);
  expect(profile.host).toMatchObject(SLOW);
  expect(terms).toEqual(GLOBAL_GRID[0]);
  const [crossed] = crossValidate(file, shipped, before, ['model']);
  expect(crossed.folds).toBe(2);
  const [line] = crossed.lines;
  expect(line.heldOut.median).toBeLessThan(1e-6);
  expect(line.shipped.median).toBeGreaterThan(0.1);
  expect(crossed.groups.map(({ key }) => key[0])).toEqual(MODELS);
});

test('the grids hold what they say', () => {
  expect(CLIENT_GRID.length).toBe(25);
  const early = shipped.engine('vllm-0.4');
  const changed = withConstants(early, GLOBAL_GRID[0], HOST_CHOICES - 1);
  expect(changed.prefill_floor.layer_s).toBe(0);
  expect(changed.host.norm).toBe(early.host.norm);
  expect(changed.host.layer_s).toBeGreaterThan(0);
});

test('the page and the picture are written, and hold no case', async () => {
  const rows = [{}, STATIC, { metric: 'ttft_ms', statistic: 'mean_or_median' }, { load_value: '2' }, { model: 'none' }];
  const folder = writeFolder({ 'cases.csv': caseText(rows) });
  const page = join(folder, 'page.md');
  let stdout = '';
  const add = (text: string) => {
    stdout += text;
  };
  const argv = [
    'validate-page',
    join(folder, 'cases.csv'),
    '--cross-validate',
    'hardware',
    '--markdown',
    page,
    '--picture',
    join(folder, 'p.svg'),
  ];
  const code = await runTool(argv, { stdout: add, stderr: () => {} });
  expect(code).toBe(0);
  expect(stdout).toContain('Refitted without one hardware, 1 folds');
  const text = readFileSync(page, 'utf8');
  for (const part of [
    '](p.svg)',
    '## Leaving out one device',
    '## What the refit chooses',
    '## Worst groups',
    'model none',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain(folder);
  expect(text).not.toContain('made-up');
  expect(text).not.toMatch(/NaN|undefined/);
  const picture = readFileSync(join(folder, 'p.svg'), 'utf8');
  expect(picture).not.toMatch(/NaN|Infinity/);
  expect(picture.match(/h0/g)!.length).toBe(4);
});

test('an unknown way to hold out is answered', async () => {
  const folder = writeFolder({ 'cases.csv': caseText([{}]) });
  const argv = ['validate-page', join(folder, 'cases.csv'), '--cross-validate', 'model,colour'];
  let wrong = '';
  const add = (text: string) => {
    wrong += text;
  };
  expect(await runTool(argv, { stdout: () => {}, stderr: add })).toBe(2);
  expect(wrong).toContain('--cross-validate: expected config_id, model, hardware, source, received colour');
});
