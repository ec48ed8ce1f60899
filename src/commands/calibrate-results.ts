// mist calibrate on results of benchmarks: an engine profile of your own whose host, kernels and client reproduce them.
import { basename, join } from 'node:path';
import { checkResults } from '../calibrate/results/check-results.ts';
import {
  COMPARED,
  errorOf,
  fitResults,
  type Judged,
  medianError,
  type ResultsFit,
} from '../calibrate/results/fit-results.ts';
import type { Figure, MeasuredRun } from '../calibrate/results/measured-run.ts';
import { readResults } from '../calibrate/results/read-results.ts';
import { openBench, prepareRun, tunedProfile, tuningOf } from '../calibrate/results/replay.ts';
import { caveatsOf } from '../catalog/caveats.ts';
import type { Catalog } from '../catalog/open.ts';
import type { EngineProfile } from '../catalog/types.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { bindDeployment, type Deployment, isRefusal } from '../plan/deployment.ts';
import { profileFor } from '../plan/engine-host.ts';
import { openProgress } from '../report/progress.ts';
import { drawTable, left, right } from '../report/table.ts';
import { fitText } from '../report/width.ts';
import { openSpec } from '../run/open-spec.ts';
import { openSession } from '../run/session.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { configurationOf as poolConfiguration } from '../spec/shape.ts';
import type { Configuration } from '../spec/types.ts';
import type { CalibrateFlags } from './calibrate.ts';
import { openOwn, writeCatalogFiles } from './catalog-files.ts';
import type { Output } from './flags.ts';
import type { SpecDoor } from './spec-door.ts';

/** Throws a UserError with every mistake; then nothing is written. */
export function calibrateResults(files: readonly string[], flags: CalibrateFlags, out: Output, specs: SpecDoor): void {
  const folder = flags['--out'];
  const catalog = openOwn(folder);
  const issues: Issue[] = [];
  const runs = files.flatMap((file) => readResults(file, issues));
  const configuration = configurationOf(flags, specs, catalog, issues);
  if (issues.length > 0 || !configuration) throw new UserError(issues);
  checkResults(runs, issues);
  const found = bindDeployment(configuration, { catalog, prices: {}, watts: {} });
  if (isRefusal(found)) issues.push({ path: 'deployment', expected: 'one that can be built', received: found.words });
  else checkModel(runs, found, catalog, issues);
  if (issues.length > 0 || isRefusal(found)) throw new UserError(issues);
  const bound = { ...found, profile: profileFor(found.profile, found.model) };
  for (const words of caveatsOf(catalog, [configuration.model], [bound.hardware.id])) out.stderr(`${words}\n`);
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const note = (done: number, total: number) => progress.update(done, total, 'fitting');
  const bench = openBench(bound, configuration, openSession(catalog));
  const fit = fitResults(bench, runs.map(prepareRun), issues, note);
  progress.end();
  if (!fit) throw new UserError(issues);
  const profile = profileOf(bound, fit, flags, files);
  if (folder !== undefined) {
    const path = join(folder, 'engines', `${profile.id}.json`);
    writeCatalogFiles([{ path, content: `${JSON.stringify(profile, null, 2)}\n` }], files);
  }
  if (flags['--json']) out.stdout(`${JSON.stringify(toJson(profile, fit), null, 2)}\n`);
  else out.stdout(describe(bound.profile, profile, fit, folder));
}

/** The deployment of --spec, or of the flags with everything else as the profile has it. */
function configurationOf(
  flags: CalibrateFlags,
  specs: SpecDoor,
  catalog: Catalog,
  issues: Issue[],
): Configuration | null {
  const file = flags['--spec'];
  const named = (['--model', '--hardware', '--tp', '--pp', '--quantization', '--profile'] as const).filter(
    (flag) => flags[flag] !== undefined,
  );
  try {
    if (file !== undefined) {
      if (named.length > 0) {
        const expected = `no ${named.join(', ')} beside --spec, which says what was measured`;
        throw new UserError([{ path: '--spec', expected, received: file }]);
      }
      const { rows, first } = openSpec(specs.read(file), file, catalog);
      if (rows === 1) return onlyEngine(first, file);
      const expected = 'a spec of one deployment: results are those of one';
      throw new UserError([{ path: '--spec', expected, received: `${rows} configurations`, file }]);
    }
    return onlyEngine(openSpec(specText(flags), 'mist calibrate', catalog).first, 'mist calibrate');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    issues.push(...error.issues.map((issue) => (file === undefined ? asFlag(issue) : issue)));
    return null;
  }
}

/** The engine of a spec that has one pool. */
function onlyEngine({ pools, workload }: FleetSpec, file: string): Configuration {
  const [pool] = pools;
  if (pools.length === 1 && pool?.kind === 'llm') return poolConfiguration(pool, workload.request_rate);
  const received = pools.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  throw new UserError([{ path: '--spec', expected: 'a spec of one engine: results are those of one', received, file }]);
}

const FLAG_OF: Record<string, string> = {
  model: '--model',
  'deployment.hardware': '--hardware',
  'deployment.tensor_parallel_size': '--tp',
  'deployment.pipeline_parallel_size': '--pp',
  'engine.quantization': '--quantization',
  'engine.profile': '--profile',
};

/** A mistake in a spec that nobody wrote is one in the flag that it was made from. */
function asFlag({ path, expected, received, hint }: Issue): Issue {
  return { path: FLAG_OF[path] ?? path, expected, received, ...(hint ? { hint } : {}) };
}

function specText(flags: CalibrateFlags): string {
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);
  const given = <T>(key: string, flag: string | undefined, read: (text: string) => T) =>
    flag === undefined ? {} : { [key]: read(flag) };
  const text = (word: string) => word;
  return JSON.stringify({
    ...given('model', flags['--model'], text),
    // results bring their own traffic: this one is never drawn
    workload: { lengths: { input_len: 1, output_len: 1 }, request_rate: 1 },
    deployment: {
      ...given('hardware', flags['--hardware'], text),
      ...given('tensor_parallel_size', flags['--tp'], number),
      ...given('pipeline_parallel_size', flags['--pp'], number),
    },
    engine: {
      ...given('quantization', flags['--quantization'], text),
      ...given('profile', flags['--profile'], text),
    },
  });
}

/** A result that names another model of the catalog was measured on something else. */
function checkModel(runs: readonly MeasuredRun[], { model }: Deployment, catalog: Catalog, issues: Issue[]): void {
  for (const run of runs) {
    const id = run.model === '' ? null : catalog.find('models', run.model);
    if (id === null || id === model.id) continue;
    issues.push({ path: run.name, expected: `a result of ${model.id}`, received: `${run.model}, which is ${id}` });
  }
}

function profileOf(
  { profile: base, model, hardware, split }: Deployment,
  fit: ResultsFit,
  flags: CalibrateFlags,
  files: readonly string[],
): EngineProfile {
  const shape = split.pp > 1 ? `tp${split.tp}.pp${split.pp}` : `tp${split.tp}`;
  const id = flags['--name'] ?? `${base.id}.${model.id.slice(model.id.lastIndexOf('/') + 1)}.${hardware.id}.${shape}`;
  const [before, after] = (['before', 'after'] as const).map((when) => summary(fit.judged, when));
  const measured = flags['--source'] ?? files.map((file) => basename(file)).join(', ');
  const source =
    `${base.id}, with host times, kernel_scale and client fitted to ${fit.judged.length} runs of ${model.id} on ` +
    `${hardware.id} (${measured}): median error ${before} before, ${after} after. ${base.source}`;
  const tuned = tunedProfile(base, fit.tuning);
  return { ...tuned, id, name: `${base.name}, as measured on ${model.id}`, client: fit.client, source };
}

function summary(judged: readonly Judged[], when: 'before' | 'after' | 'heldOut'): string {
  const known = judged.flatMap((one) => {
    const figures = one[when];
    return figures ? [{ run: one.run, figures }] : [];
  });
  return known.length === 0 ? 'not known' : `${(100 * medianError(known)).toFixed(1)} %`;
}

const WORDS: Record<Figure, readonly [string, number]> = {
  ttft_mean: ['mean TTFT ms', 1e3],
  ttft_p50: ['median TTFT ms', 1e3],
  ttft_p99: ['p99 TTFT ms', 1e3],
  tpot_mean: ['mean TPOT ms', 1e3],
  tpot_p50: ['median TPOT ms', 1e3],
  tpot_p99: ['p99 TPOT ms', 1e3],
  e2el_mean: ['mean E2EL ms', 1e3],
  output_throughput: ['output tokens/s', 1],
  hit_rate: ['cache hit rate %', 100],
};

function describe(base: EngineProfile, profile: EngineProfile, fit: ResultsFit, folder: string | undefined): string {
  const heads = [...left(['run', 'load', 'figure']), ...right(['measured', 'before %', 'after %', 'held out %'])];
  const rows = fit.judged.flatMap(({ run, before, after, heldOut }) =>
    COMPARED.flatMap(([figure]) => {
      const measured = run.measured.figures[figure];
      if (measured === undefined) return [];
      const percent = (predicted: typeof before | null) => {
        const error = predicted && errorOf(run, predicted, figure);
        return error === null ? '-' : `${error >= 0 ? '+' : ''}${(100 * error).toFixed(1)}`;
      };
      const [words, unit] = WORDS[figure];
      const value = String(Number((measured * unit).toPrecision(5)));
      return [
        [
          basename(run.measured.name),
          loadWords(run.measured),
          words,
          value,
          percent(before),
          percent(after),
          percent(heldOut),
        ],
      ];
    }),
  );
  const held = fit.judged.some(({ heldOut }) => heldOut !== null) ? '' : ' (needs three runs)';
  const [was, now] = [tuningOf(base), fit.tuning];
  const us = (seconds: number) => `${Number((seconds * 1e6).toPrecision(3))} us`;
  const lines = [
    ...drawTable(heads, rows),
    '',
    `median |error|: ${summary(fit.judged, 'before')} with ${base.id}, ${summary(fit.judged, 'after')} fitted, ` +
      `${summary(fit.judged, 'heldOut')} on each run by a fit to the others${held}`,
    `host     ${us(now.step_s)} per step (was ${us(was.step_s)}), ${us(now.sequence_s)} per sequence (was ${us(was.sequence_s)})`,
    `kernels  ${now.kernel_scale} times as long (was ${was.kernel_scale})`,
    `client   ${us(fit.client.request_s)} per request and ${us(fit.client.prompt_token_s)} per prompt token before the first ` +
      'token (mist run leaves it out)',
    '',
    folder === undefined
      ? 'Nothing written: --out CATALOG_FOLDER writes.'
      : `${join(folder, 'engines', `${profile.id}.json`)} written: use it as engine.profile ${profile.id}, beside --catalog ${folder}`,
  ];
  return fitText(`${lines.join('\n')}\n`);
}

function loadWords({ load, input, output }: MeasuredRun): string {
  const tokens = `${Math.round(input.mean)} in, ${Math.round(output.mean)} out`;
  if (load.kind === 'closed-loop') return `${load.concurrency} in flight, ${tokens}`;
  if (load.kind === 'rate') return `${Number(load.rate.toPrecision(4))} req/s, ${tokens}`;
  return `${load.kind === 'replay' ? 'as recorded' : 'all at once'}, ${tokens}`;
}

function toJson(profile: EngineProfile, { tuning, client, judged }: ResultsFit): object {
  return {
    profile,
    tuning,
    client,
    runs: judged.map(({ run, before, after, heldOut }) => ({
      name: run.measured.name,
      load: run.measured.load.kind,
      measured: run.measured.figures,
      before,
      after,
      held_out: heldOut,
      first_tokens_compared: !run.lockstep,
    })),
  };
}
