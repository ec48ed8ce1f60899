// The pipelines section: every list of stages in an order, each stage with its defaults and on pools that can serve it.
import { show } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { STAGE_KINDS, STAGE_NAMES, type StageName } from '../../stages/pipeline-stages.ts';
import { thinkingScale } from '../../stages/reason.ts';
import { TEXT_COSTS } from '../../stages/text-work.ts';
import type { Path } from '../document.ts';
import { number, type Part } from '../world.ts';
import { choosePools, type StageWorld } from './choose-pools.ts';
import { readShare } from './leaf.ts';
import { readLatency, readNames, readOptionalTokens, readTokens } from './read-values.ts';
import { orderStages } from './stage-order.ts';
import type { StageSpec } from './types.ts';

/** The stages of a list, in an order in which each follows those it waits for. */
export function readStages(input: unknown, path: Path, world: StageWorld): StageSpec[] {
  const items = (input as unknown[] | undefined) ?? [];
  const read = items.map((item, i) => readStage(item, [...path, i], world));
  if (read.some((stage) => stage === null)) return [];
  const stages = read as Unplaced[];
  const order = orderStages(nameAlike(stages), world.ledger);
  if (!order) return [];
  const placeOf = new Map(order.order.map((from, to) => [from, to]));
  return order.order.map((from, to) => {
    const waits = order.waits[from].map((wait) => placeOf.get(wait) ?? 0).sort((a, b) => a - b);
    const plain = waits.length === (to === 0 ? 0 : 1) && (to === 0 || waits[0] === to - 1);
    return { ...stages[from], after: plain ? null : waits } as StageSpec;
  });
}

/** A stage whose `after` still holds names. */
type Unplaced = Omit<StageSpec, 'after'> & { readonly after: readonly string[] | null };

/** Stages of one type without names of their own become prefill, prefill-2, ... */
function nameAlike(stages: readonly Unplaced[]): Unplaced[] {
  const seen = new Map<string, number>();
  return stages.map((stage) => {
    const times = (seen.get(stage.name) ?? 0) + 1;
    seen.set(stage.name, times);
    return times === 1 || stage.name !== stage.type ? stage : { ...stage, name: `${stage.name}-${times}` };
  });
}

function readStage(item: unknown, path: Path, world: StageWorld): Unplaced | null {
  if (item === undefined || item === null) return null;
  const whole: Part = typeof item === 'string' ? { [item]: undefined } : (item as Part);
  const types = STAGE_NAMES.filter((type) => Object.hasOwn(whole, type));
  if (types.length !== 1) {
    if (!world.ledger.isBroken(path)) {
      const received = types.length === 0 ? 'none' : types.join(' and ');
      world.ledger.add({ path, expected: `one stage: ${STAGE_NAMES.join(', ')}`, received });
    }
    return null;
  }
  const type: StageName = types[0];
  const value = whole[type];
  const parameters: Part = typeof value === 'string' || Array.isArray(value) ? { on: value } : ((value as Part) ?? {});
  const at = [...path, type];
  if (world.ledger.isBroken(at)) return null;
  const place = {
    name: (whole.name as string | undefined) ?? type,
    after: whole.after === undefined ? null : readNames(whole.after),
    path,
    ordinal: world.nextOrdinal(),
  };
  const on = STAGE_KINDS[type].needs.length > 0 ? choosePools(type, parameters, at, world) : [];
  return { ...place, type, ...readParameters(type, parameters, on, at, world) } as Unplaced;
}

function readParameters(type: StageName, input: Part, on: readonly string[], path: Path, world: StageWorld): object {
  const { ledger } = world;
  const at = (key: string) => [...path, key];
  const seconds = (value: unknown, otherwise: number) => (value === undefined ? otherwise : measured(value, 'time'));
  const length = (key: string) => readOptionalTokens(input[key], at(key), ledger);
  const nested = (value: unknown, inner: Path) => {
    if (value === undefined) ledger.addMissing(inner, 'a list of stages');
    return readStages(value, inner, world);
  };
  switch (type) {
    case 'tokenize':
    case 'detokenize':
    case 'word-lookup':
      return {
        on,
        fixed: seconds(input.fixed, TEXT_COSTS[type].fixed),
        perToken: seconds(input.per_token, TEXT_COSTS[type].perToken),
      };
    case 'embed':
      return { on, tokens: length('tokens') };
    case 'retrieve':
      return {
        on,
        passages: number(input.passages, 10),
        passageTokens: length('passage_tokens') ?? { kind: 'fixed', value: 256 },
      };
    case 'rerank':
      if (input.keep === undefined) ledger.addMissing(at('keep'), 'how many passages stay');
      return { on, keep: number(input.keep, 1) };
    case 'kv-fetch':
      return readFetch(input, on, path, world);
    case 'prefill':
      return { on, bypassBelow: number(input.bypass_below, 0) };
    case 'decode':
      return { on, output: length('output') };
    case 'reason': {
      const paths = number(input.paths, 1);
      if (input.output !== undefined && input.scale !== undefined) {
        ledger.add({ path: at('scale'), expected: 'output or scale, not both', received: 'both' });
      }
      const reward =
        input.reward === undefined ? null : choosePools('reward', { on: input.reward }, at('reward'), world);
      const scale = number(input.scale, thinkingScale(paths));
      return { on, paths, rounds: number(input.rounds, 1), output: length('output'), scale, reward };
    }
    case 'reward':
    case 'safety':
      return { on, of: input.of ?? (type === 'reward' ? 'context' : 'answer') };
    case 'tool':
      if (input.latency === undefined) ledger.addMissing(at('latency'), 'how long the call takes');
      return { on, latency: readLatency(input.latency, at('latency'), ledger), tokens: length('tokens') };
    case 'repeat':
      if (input.times === undefined) ledger.addMissing(at('times'), 'how often');
      return { times: readTokens(input.times, at('times'), ledger), stages: nested(input.stages, at('stages')) };
    case 'parallel': {
      if (input.branches === undefined) ledger.addMissing(at('branches'), 'a list of lists of stages');
      const branches = (input.branches as unknown[] | undefined) ?? [];
      return { branches: branches.map((branch, i) => nested(branch, [...at('branches'), i])) };
    }
    case 'route-to-model':
      return { choices: readChoices(input.choices, at('choices'), world) };
  }
}

function readChoices(input: unknown, path: Path, world: StageWorld) {
  if (input === undefined) world.ledger.addMissing(path, 'a list of {share, stages}');
  const choices = ((input as (Part | undefined)[] | undefined) ?? []).map((choice, i) => {
    if (choice?.share === undefined) world.ledger.addMissing([...path, i, 'share'], 'a share of the requests');
    return {
      share: readShare((choice?.share as string | number | undefined) ?? 0),
      stages: readStages(choice?.stages, [...path, i, 'stages'], world),
    };
  });
  const sum = choices.reduce((total, { share }) => total + share, 0);
  if (sum > 1 + 1e-9) {
    const received = `${Number((sum * 100).toPrecision(6))} %`;
    world.ledger.add({ path, expected: 'shares of at most 100 % together', received });
  }
  return choices;
}

function readFetch(input: Part, on: readonly string[], path: Path, world: StageWorld) {
  const { ledger, tiers } = world;
  const at = (key: string) => [...path, key];
  const mode = (input.mode as 'simulated' | 'expected' | 'sampled' | undefined) ?? 'simulated';
  for (const key of ['tokens', 'levels'] as const) {
    if (mode === 'simulated' && input[key] !== undefined) {
      const expected = `no ${key}: a simulated store goes by hash blocks (mode: expected or sampled takes them)`;
      ledger.add({ path: at(key), expected, received: show(input[key]) });
    }
    if (mode !== 'simulated' && input[key] === undefined) {
      ledger.addMissing(at(key), key === 'tokens' ? 'the tokens of cached context' : 'levels with their hit rates');
    }
  }
  const levels = ((input.levels as (Part | undefined)[] | undefined) ?? []).map((level, i) => {
    const tier = (level?.tier as string | undefined) ?? '';
    const place = [...at('levels'), i];
    if (level?.tier === undefined) ledger.addMissing([...place, 'tier'], 'a tier');
    else ledger.checkKnown(tier, [...place, 'tier'], 'a tier under tiers', tiers);
    if (level?.hit === undefined) ledger.addMissing([...place, 'hit'], 'a hit rate');
    return { tier, hit: readShare((level?.hit as string | number | undefined) ?? 0) };
  });
  return { on, mode, tokens: readOptionalTokens(input.tokens, at('tokens'), ledger), levels };
}
