// mist step: one engine iteration op by op, so that every number behind a simulation can be looked at.
import { caveatsOf } from '../catalog/caveats.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import type { KvFormat, StepFit, WeightFormat } from '../catalog/types.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { measure } from '../check/units.ts';
import { openArena } from '../columns/arena.ts';
import { loadKernels } from '../kernels/load.ts';
import { fitsOf } from '../plan/efficiency.ts';
import { explainStep, type StepExplained } from '../plan/explain-step.ts';
import { legalSplit } from '../plan/legal.ts';
import { withMachine } from '../plan/machine.ts';
import type { OpPrice } from '../plan/priced-ops.ts';
import { readWork } from '../plan/read-work.ts';
import { findSteps } from '../plan/step-regression.ts';
import { type StepWork, sumWork } from '../plan/step-work.ts';
import { type SurfaceKey, splitOf } from '../plan/surface-key.ts';
import { formatNumber, formatShare, formatShort } from '../report/format.ts';
import { drawTable, left, right } from '../report/table.ts';
import { fitText, wrap } from '../report/width.ts';
import { DEFAULT_PROFILE } from '../spec/defaults.ts';
import { type Joint, jointOf, limitExpected, type Machine } from '../spec/machine.ts';
import type { StepSource } from '../spec/types.ts';
import { KV_FORMATS, STEP_SOURCES, WEIGHT_FORMATS } from '../spec/words.ts';
import { resolveFormats } from '../stages/formats.ts';
import { type Flags, verb } from './flags.ts';

const FLAGS = {
  '--model': String,
  '--hardware': String,
  '--profile': String,
  '--tp': String,
  '--pp': String,
  '--dp': String,
  '--ep': String,
  '--interconnect': String,
  '--power-limit': String,
  '--network': String,
  '--quantization': String,
  '--kv-cache-dtype': String,
  '--step-source': String,
  '--prefill': String,
  '--decode': String,
  '--catalog': String,
  '--json': Boolean,
} as const;

const SCRATCH_BYTES = 1 << 20;

const HELP = `mist step --model ID --hardware ID [--prefill CHUNKS] [--decode GROUPS] [options]

  One engine iteration op by op: launches, FLOPs, bytes, time, share, what bounds it, and what the price rests on.

  --prefill 512:0,1024:2048   prompt chunks, TOKENS[:PAST]; "512:0.." is a chunk that does not end its prompt
  --decode 64x1200            SEQUENCESxCONTEXT groups that decode one token each
  --tp --pp --dp --ep N       tensor, pipeline, attention data and expert parallel degree (default 1); with --dp the work is
                              that of one rank, and all ranks have as much
  --power-limit W             at which each device is held, such as 450W (nvidia-smi -pl)
  --interconnect LINK         how the devices of a server are joined (mist catalog --kind links)
  --network LINK              how servers are joined, which tensor parallel may then span
  --quantization FORMAT       ${WEIGHT_FORMATS.join(', ')} (default auto: the checkpoint's)
  --kv-cache-dtype FORMAT     ${KV_FORMATS.join(', ')}
  --step-source SOURCE        ${STEP_SOURCES.join(', ')}: what simulations price the step by (default cost-model)
  --profile ID                engine profile (default ${DEFAULT_PROFILE})
  --catalog FOLDER            a catalog folder of your own, first
  --json                      for programs

  The fit is named by its file in catalog/efficiency; its held-out error is the median (and 90th percentile) on shapes it has not
  seen, on the device it was made for. FLOPs and bytes are those of one device; bytes of an exchange are the message of one device.
`;

/** Exit code 0; a user's mistake is thrown as a UserError (exit code 2). */
export const step = verb('step', FLAGS, HELP, async (flags, out) => {
  const catalog = openCatalog({ folder: flags['--catalog'] });
  const { key, work } = readQuestion(flags, catalog);
  const arena = openArena(SCRATCH_BYTES);
  const explained = explainStep(key, work, fitsOf(catalog), loadKernels(arena.memory), arena);
  const caveats = caveatsOf(catalog, [flags['--model'] ?? ''], [key.hardware.id]);
  if (flags['--json']) {
    const told = caveats.length > 0 ? { caveats } : {};
    out.stdout(`${JSON.stringify({ ...toJson(key, explained), ...told }, null, 2)}\n`);
  } else {
    const lines = caveats.flatMap((words) => wrap(words)).map((line) => `${line}\n`);
    out.stdout(drawStep(key, explained, sumWork(work).tokens) + lines.join(''));
  }
  return 0;
});

/** Everything the flags ask for, or every mistake in them at once. */
function readQuestion(flags: Flags<typeof FLAGS>, catalog: Catalog): { key: SurfaceKey; work: StepWork } {
  const issues: Issue[] = [];
  for (const word of flags._) issues.push({ path: 'mist step', expected: 'flags only', received: word });
  const model = lookUp('--model', flags['--model'], (id) => catalog.model(id), issues);
  const listed = lookUp('--hardware', flags['--hardware'], (id) => catalog.hardware(id), issues);
  const machine = readJoints(flags, catalog, issues);
  const hardware = listed && withMachine(listed, machine);
  const expected = listed && limitExpected(machine, listed);
  if (expected) issues.push({ path: '--power-limit', expected, received: `${machine?.power_limit} W` });
  const profile = lookUp('--profile', flags['--profile'] ?? DEFAULT_PROFILE, (id) => catalog.engine(id), issues);
  const degreeOf = (flag: '--tp' | '--pp' | '--dp' | '--ep') => degree(flag, flags[flag], issues);
  const [tp, pp, dp, ep] = [degreeOf('--tp'), degreeOf('--pp'), degreeOf('--dp'), degreeOf('--ep')];
  const quantization = choose<WeightFormat | 'auto'>('--quantization', flags['--quantization'], WEIGHT_FORMATS, issues);
  const kv = choose<KvFormat | 'auto'>('--kv-cache-dtype', flags['--kv-cache-dtype'], KV_FORMATS, issues);
  const source = choose<StepSource>('--step-source', flags['--step-source'] ?? 'cost-model', STEP_SOURCES, issues);
  const work = readWork(flags['--prefill'], flags['--decode'], issues);
  if (!model || !hardware || !profile || issues.length > 0) throw new UserError(issues);
  const asked = { model, hardware, profile, tp, pp, dp, ep, quantization, kv };
  const steps = chooseSteps(source, asked, catalog);
  const key: SurfaceKey = steps ? { ...asked, steps } : asked;
  const illegal = legalSplit(model, hardware, splitOf(key), resolveFormats(model, key));
  if (illegal) {
    const received = `tp ${tp}, pp ${pp}, dp ${dp}, ep ${ep}: ${illegal.words}`;
    throw new UserError([{ path: '--tp, --pp, --dp, --ep', expected: 'a split that can run', received }]);
  }
  return { key, work };
}

function readJoints(flags: Flags<typeof FLAGS>, catalog: Catalog, issues: Issue[]): Machine | undefined {
  const joint = (flag: '--interconnect' | '--network'): Joint | undefined => {
    const link = flags[flag] === undefined ? null : lookUp(flag, flags[flag], (id) => catalog.link(id), issues);
    return link ? jointOf(link) : undefined;
  };
  const [interconnect, network] = [joint('--interconnect'), joint('--network')];
  const limit = readLimit(flags['--power-limit'], issues);
  if (!interconnect && !network && limit === undefined) return undefined;
  return {
    ...(interconnect ? { interconnect } : {}),
    ...(network ? { network } : {}),
    ...(limit === undefined ? {} : { power_limit: limit }),
  };
}

function readLimit(text: string | undefined, issues: Issue[]): number | undefined {
  if (text === undefined) return undefined;
  const reading = measure(text, 'power');
  if (reading.ok && reading.value > 0) return reading.value;
  issues.push({ path: '--power-limit', expected: 'a power such as 450W', received: text });
  return undefined;
}

function chooseSteps(source: StepSource, key: SurfaceKey, catalog: Catalog): StepFit | null {
  if (source === 'cost-model') return null;
  const { weights } = resolveFormats(key.model, key);
  const at = { model: key.model.id, hardware: key.hardware.id, split: splitOf(key), weights, profile: key.profile.id };
  const found = findSteps(catalog.stepFits(), at);
  if (found || source === 'auto') return found;
  const expected = 'a regression on steps of this model, hardware, split and format';
  const hint = 'mist calibrate STEPS.csv --out FOLDER makes one; --catalog FOLDER uses it';
  throw new UserError([{ path: '--step-source', expected, received: 'none in the catalog', hint }]);
}

function lookUp<T>(flag: string, id: string | undefined, find: (id: string) => T, issues: Issue[]): T | null {
  if (id === undefined) {
    issues.push({ path: flag, expected: 'a catalog id (mist catalog lists them)', received: 'nothing' });
    return null;
  }
  try {
    return find(id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    issues.push(...error.issues);
    return null;
  }
}

function degree(flag: string, text: string | undefined, issues: Issue[]): number {
  if (text === undefined) return 1;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  issues.push({ path: flag, expected: 'a whole number of at least 1', received: text });
  return 1;
}

function choose<Word extends string>(
  flag: string,
  text: string | undefined,
  known: readonly Word[],
  issues: Issue[],
): Word {
  const found = known.find((word) => word === (text ?? 'auto'));
  if (found) return found;
  const hint = didYouMean(text!, known, 1);
  issues.push({ path: flag, expected: `one of ${known.join(', ')}`, received: text!, hint });
  return known[0]!; // goes nowhere: the mistake is thrown
}

const COLUMNS = [
  ...left(['op']),
  ...right(['count', 'GFLOP', 'MB', 'us', 'share']),
  ...left(['bound', 'basis']),
  ...left(['fit in efficiency/', 'held-out error']),
];

function drawStep(key: SurfaceKey, explained: StepExplained, tokens: number): string {
  const { ops } = explained;
  const deviceSeconds = explained.deviceSeconds / explained.kernelScale;
  const rows = ops.map((op) => drawOp(op, deviceSeconds));
  const sums = ['sum of ops', '', total(ops, 'flops', 1e9), total(ops, 'bytes', 1e6), us(deviceSeconds)];
  rows.push(COLUMNS.map((_, i) => sums[i] ?? ''));
  const title = `${key.model.id} on ${key.hardware.id}, tp ${key.tp} pp ${key.pp} dp ${key.dp} ep ${key.ep}, ${key.profile.id}`;
  return fitText([title, '', ...drawTable(COLUMNS, rows), '', ...drawSums(key, explained, tokens), ''].join('\n'));
}

function drawOp(price: OpPrice, deviceSeconds: number): string[] {
  return [
    price.op.name,
    formatShort(price.count),
    formatShort(price.flops / 1e9),
    formatShort(price.bytes / 1e6),
    us(price.seconds),
    formatShare(price.seconds / deviceSeconds),
    price.bound,
    price.basis,
    price.from,
    heldOut(price),
  ];
}

/** "3.1 %, p90 9 %": on shapes that the fit has not seen. */
function heldOut({ error }: OpPrice): string {
  if (error === null) return '';
  return Number.isNaN(error.p90)
    ? formatShare(error.median)
    : `${formatShare(error.median)}, p90 ${formatShare(error.p90)}`;
}

function drawSums({ steps }: SurfaceKey, explained: StepExplained, tokens: number): string[] {
  const ms = (seconds: number) => `${formatNumber(seconds * 1e3, 3)} ms`;
  const { floorSeconds, hostSeconds, hostNorm, exactSeconds, surfaceSeconds, difference, capacity } = explained;
  const joined = hostNorm === 1 ? 'added' : 'overlaps: root of the sum of squares';
  const percent = `${difference >= 0 ? '+' : ''}${(100 * difference).toFixed(2)} %`;
  const scaled =
    explained.kernelScale === 1 ? [] : [`kernels  ${explained.kernelScale} times as long, says the profile`];
  const lines = [...scaled, `host     ${ms(hostSeconds)} (${joined})`];
  if (floorSeconds > 0) lines.push(`floor    ${ms(floorSeconds)} (a step with prompts runs outside captured graphs)`);
  lines.push(`exact    ${ms(exactSeconds)}, op by op; rests on: ${explained.basis}`);
  const by = steps ? `by the regression on step traces ${steps.id}, ` : '';
  lines.push(`surface  ${ms(surfaceSeconds)}, ${by}as simulated (${percent})`);
  if (steps) lines.push(...rangeWords(steps, tokens));
  lines.push(`KV       ${capacity.reason ? `${capacity.reason}: ` : ''}${capacity.words}`);
  return lines;
}

/** How good the regression is, and whether it was asked about a step of a size that it has seen. */
function rangeWords({ range, rows, error_out, error_out_p90, source }: StepFit, tokens: number): string[] {
  const percent = (share: number) => (100 * share).toFixed(1);
  const [low, high] = range.new_tokens;
  const beyond = tokens < low || tokens > high ? `; ${tokens} is beyond them` : '';
  return [
    `         of ${rows} steps of ${low} to ${high} new tokens${beyond}; ${percent(error_out)} % off in the median, ` +
      `${percent(error_out_p90)} % in 9 of 10 (${source})`,
  ];
}

function us(seconds: number): string {
  return formatNumber(seconds * 1e6, 1);
}

function total(ops: readonly OpPrice[], field: 'flops' | 'bytes', unit: number): string {
  return formatShort(ops.reduce((sum, op) => sum + op[field], 0) / unit);
}

function toJson(key: SurfaceKey, explained: StepExplained): object {
  const { ops, capacity, ...sums } = explained;
  const seconds = explained.deviceSeconds / explained.kernelScale;
  return {
    model: key.model.id,
    hardware: key.hardware.id,
    profile: key.profile.id,
    tensor_parallel_size: key.tp,
    pipeline_parallel_size: key.pp,
    data_parallel_size: key.dp,
    expert_parallel_size: key.ep,
    ops: ops.map(({ op, ...price }) => ({ name: op.name, ...price, share: price.seconds / seconds })),
    kernel_scale: sums.kernelScale,
    device_seconds: sums.deviceSeconds,
    floor_seconds: sums.floorSeconds,
    host_seconds: sums.hostSeconds,
    host_norm: sums.hostNorm,
    exact_seconds: sums.exactSeconds,
    surface_seconds: sums.surfaceSeconds,
    step_regression: key.steps?.id ?? null,
    difference: sums.difference,
    basis: sums.basis,
    kv_capacity: {
      num_gpu_blocks: capacity.blocks,
      block_tokens: capacity.blockTokens,
      block_bytes: capacity.blockBytes,
      pages: capacity.pages ?? null,
      weights_bytes: capacity.weightsBytes,
      activation_bytes: capacity.activationBytes,
      reserve_bytes: capacity.reserveBytes,
      reason: capacity.reason ?? null,
      words: capacity.words,
    },
  };
}
