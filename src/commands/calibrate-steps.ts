// mist calibrate on step traces: a regression on whole steps per deployment, its errors beside those of the cost model.
import { basename, join } from 'node:path';
import { attributionOf } from '../calibrate/attribution.ts';
import { checkUnit, modelErrors } from '../calibrate/steps/compare.ts';
import { fitSteps, type StepResult, stepId } from '../calibrate/steps/fit-steps.ts';
import { findName } from '../calibrate/steps/names.ts';
import { readSteps, type StepDeployment, type StepSeries } from '../calibrate/steps/read-steps.ts';
import { caveatsOf } from '../catalog/caveats.ts';
import type { Catalog } from '../catalog/open.ts';
import type { WeightFormat } from '../catalog/types.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { legalSplit } from '../plan/legal.ts';
import { lowerSurface } from '../plan/lower.ts';
import { type SurfaceKey, splitOf } from '../plan/surface-key.ts';
import { drawTable, left, right } from '../report/table.ts';
import { openSession, type Session } from '../run/session.ts';
import { DEFAULT_PROFILE } from '../spec/defaults.ts';
import { WEIGHT_FORMATS } from '../spec/words.ts';
import { resolveFormats } from '../stages/formats.ts';
import type { CalibrateFlags } from './calibrate.ts';
import { openOwn, writeCatalogFiles } from './catalog-files.ts';
import { type Output, wholeFlag } from './flags.ts';

/** Which profile's host costs the cost model has where the trace names no engine. */

interface Judged extends StepResult {
  /** Median and 90th percentile of the cost model's error on the steps held out. */
  readonly model: readonly [number, number];
}

/** Throws a UserError with every mistake in the traces; then nothing is written. */
export function calibrateSteps(files: readonly string[], flags: CalibrateFlags, out: Output): void {
  const folder = flags['--out'];
  const catalog = openOwn(folder);
  const issues: Issue[] = [];
  const given = deploymentOf(flags, catalog, issues);
  const notes: string[] = [];
  const series = files.flatMap((file) => {
    const read = readSteps(file, given, catalog, issues);
    notes.push(...read.notes);
    return read.series;
  });
  const results = issues.length > 0 ? [] : fitAll(series, flags, catalog, issues);
  if (issues.length > 0) throw new UserError(issues);
  for (const result of results) notes.push(...result.notes);
  const used = (field: 'model' | 'hardware') => new Set(results.map(({ fit }) => fit[field]));
  notes.push(...caveatsOf(catalog, used('model'), used('hardware')));
  for (const note of notes) out.stderr(`${note}\n`);
  const written = results.map(({ fit }) => fit);
  if (folder !== undefined) {
    const print = (fit: object) => `${JSON.stringify(fit, null, 2)}\n`;
    writeCatalogFiles(
      written.map((fit) => ({ path: join(folder, 'steps', `${fit.id}.json`), content: print(fit) })),
      files,
    );
  }
  if (flags['--json']) {
    const compared = results.map(({ fit, model }) => ({
      ...fit,
      cost_model_error_out: model[0],
      cost_model_error_out_p90: model[1],
    }));
    out.stdout(`${JSON.stringify({ steps: compared, notes }, null, 2)}\n`);
    return;
  }
  out.stdout(`${describe(results)}\n\n`);
  const use = 'engine.step_source: regression uses them';
  out.stdout(
    folder === undefined
      ? 'Nothing written: --out CATALOG_FOLDER writes.\n'
      : `${written.length} files written to ${join(folder, 'steps')}; ${use}, beside --catalog ${folder}\n`,
  );
}

/** What the flags say of the deployment. */
export function deploymentOf(flags: CalibrateFlags, catalog: Catalog, issues: Issue[]): Partial<StepDeployment> {
  const name = (flag: '--model' | '--hardware' | '--profile', kind: 'models' | 'hardware' | 'engines') => {
    const word = flags[flag];
    if (word === undefined) return undefined;
    return findName(kind, flag, word, {}, catalog, issues) ?? word; // told already
  };
  const degree = (flag: '--tp' | '--pp') => {
    try {
      return wholeFlag(flag, flags[flag], 1);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      issues.push(...error.issues);
      return 1; // told already
    }
  };
  const format = flags['--quantization'];
  if (format !== undefined && !(WEIGHT_FORMATS.slice(1) as readonly string[]).includes(format)) {
    const expected = `one of ${WEIGHT_FORMATS.slice(1).join(', ')}`;
    issues.push({ path: '--quantization', expected, received: format });
  }
  const found = {
    model: name('--model', 'models'),
    hardware: name('--hardware', 'hardware'),
    tp: degree('--tp'),
    pp: degree('--pp'),
    quantization: format as WeightFormat | undefined,
    profile: name('--profile', 'engines'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function fitAll(series: readonly StepSeries[], flags: CalibrateFlags, catalog: Catalog, issues: Issue[]): Judged[] {
  const session = openSession(catalog);
  const seen = new Map<string, string>();
  return series.flatMap((one) => {
    const id = stepId(one.deployment);
    const other = seen.get(id);
    if (other !== undefined) {
      issues.push({ path: id, expected: 'one file per deployment', received: `${other} and ${one.file}` });
      return [];
    }
    seen.set(id, one.file);
    const table = costModel(id, one, catalog, session, issues);
    if (!table) return [];
    const unit = checkUnit(id, one, table);
    if (unit) {
      issues.push(unit);
      return [];
    }
    const known = attributionOf(one.file);
    const attribution = {
      source: flags['--source'] ?? known?.source ?? `step trace ${basename(one.file)}`,
      licence: flags['--licence'] ?? known?.licence ?? 'not stated',
    };
    const result = fitSteps(one, attribution, issues);
    return result ? [{ ...result, model: modelErrors(table, result.held) }] : [];
  });
}

/** The surface of the deployment without a regression; null where it cannot be, which is told. */
function costModel(
  name: string,
  { deployment, file }: StepSeries,
  catalog: Catalog,
  session: Session,
  issues: Issue[],
): Float64Array | null {
  const { model, hardware, tp, pp, quantization, profile } = deployment;
  const key: SurfaceKey = {
    model: catalog.model(model),
    hardware: catalog.hardware(hardware),
    profile: catalog.engine(profile ?? DEFAULT_PROFILE),
    quantization: quantization ?? 'auto',
    kv: 'auto',
    ...{ tp, pp, dp: 1, ep: 1 },
  };
  const illegal = legalSplit(key.model, key.hardware, splitOf(key), resolveFormats(key.model, key));
  if (!illegal) return lowerSurface(key, session.lowering).table;
  issues.push({ path: name, expected: 'a deployment that can be built', received: illegal.words, file });
  return null;
}

const percent = (share: number): string => (100 * share).toFixed(1);

function describe(results: readonly Judged[]): string {
  const us = (seconds: number) => String(Number((seconds * 1e6).toPrecision(4)));
  const table = drawTable(
    [
      ...left(['deployment']),
      ...right(['steps', 'fixed us', 'prompt us', 'us/token', 'us/sequence', 'ns/context token', 'ns/pair']),
      ...right(['in p50 %', 'out p50 %', 'out p90 %', 'cost model p50 %', 'p90 %']),
    ],
    results.map(({ fit, model }) => [
      ...[fit.id, String(fit.rows), us(fit.fixed_s), us(fit.prompt_step_s)],
      tokenWords(fit.new_token_s.map(us)),
      us(fit.sequence_s),
      ...[fit.context_token_s, fit.prefill_pair_s].map((seconds) => us(seconds * 1e3)),
      ...[fit.error_in, fit.error_out, fit.error_out_p90, ...model].map(percent),
    ]),
  );
  return table.join('\n');
}

/** "12.1 to 30.5": the least and the most of a price that changes with the number of tokens. */
function tokenWords(prices: readonly string[]): string {
  const numbers = prices.map(Number);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? String(low) : `${low} to ${high}`;
}
