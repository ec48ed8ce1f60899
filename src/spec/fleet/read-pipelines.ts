// The pipelines section: every list of stages in an order, each stage with its defaults and on pools that can serve it.
import { measured } from '../../check/units.ts';
import { STAGE_TYPES, stageOf } from '../../stages/list.ts';
import type { Listed, Reading, Stage } from '../../stages/stage.ts';
import type { Path } from '../document.ts';
import { number, type Part } from '../world.ts';
import { choosePools, type StageWorld } from './choose-pools.ts';
import { readShare } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import { readLatency, readNames, readOptionalTokens, readTokens } from './read-values.ts';
import { orderStages } from './stage-order.ts';
import type { StageSpec } from './types.ts';

/** The stages of a list, in an order in which each follows those it waits for. */
export function readStages(input: unknown, path: Path, world: StageWorld): StageSpec[] {
  const items = (input as unknown[] | undefined) ?? [];
  const read = items.map((item, i) => readStage(item, [...path, i], world));
  if (read.some((stage) => stage === null)) return [];
  const stages = read as Unplaced[];
  const order = orderStages(nameAlike(stages, world.ledger), world.ledger);
  if (!order) return [];
  const placeOf = new Map(order.order.map((from, to) => [from, to]));
  return order.order.map((from, to) => {
    const waits = order.waits[from]!.map((wait) => placeOf.get(wait) ?? 0).sort((a, b) => a - b);
    const plain = waits.length === (to === 0 ? 0 : 1) && (to === 0 || waits[0] === to - 1);
    return { ...stages[from]!, after: plain ? null : waits };
  });
}

/** A stage whose `after` still holds names. */
type Unplaced = Omit<Listed, 'after'> & { readonly after: readonly string[] | null };

/** Stages of one type without names of their own become prefill, prefill-2, ...; a name that was given stands for one stage of the list. */
function nameAlike(stages: readonly Unplaced[], ledger: Ledger): Unplaced[] {
  const seen = new Map<string, number>();
  const named = stages.map((stage) => {
    const times = (seen.get(stage.name) ?? 0) + 1;
    seen.set(stage.name, times);
    return times === 1 || stage.name !== stage.type ? stage : { ...stage, name: `${stage.name}-${times}` };
  });
  for (const [i, { name, path }] of named.entries()) {
    if (named.findIndex((other) => other.name === name) === i) continue;
    ledger.add({ path: [...path, 'name'], expected: 'a name that no other stage of this list has', received: name });
  }
  return named;
}

function readStage(item: unknown, path: Path, world: StageWorld): Unplaced | null {
  if (item === undefined || item === null) return null;
  const whole: Part = typeof item === 'string' ? { [item]: undefined } : (item as Part);
  const types = STAGE_TYPES.filter((type) => Object.hasOwn(whole, type));
  if (types.length !== 1) {
    if (!world.ledger.isBroken(path)) {
      const received = types.length === 0 ? 'none' : types.join(' and ');
      world.ledger.add({ path, expected: `one stage: ${STAGE_TYPES.join(', ')}`, received });
    }
    return null;
  }
  const type = types[0]!;
  const value = whole[type];
  const given: Part = typeof value === 'string' || Array.isArray(value) ? { on: value } : ((value as Part) ?? {});
  const at = [...path, type];
  if (world.ledger.isBroken(at)) return null;
  const place = {
    name: (whole.name as string | undefined) ?? type,
    after: whole.after === undefined ? null : readNames(whole.after),
    path,
    ordinal: world.nextOrdinal(),
  };
  const stage = stageOf(type);
  return { ...place, type, ...stage.read(openReading(stage, given, at, world)) };
}

/** What a stage reads its parameters with. */
function openReading(stage: Stage, given: Part, path: Path, world: StageWorld): Reading {
  const { ledger, tiers } = world;
  const at = (key: string) => [...path, key];
  const needed = (key: string, expected: string) => {
    if (given[key] === undefined) ledger.addMissing(at(key), expected);
  };
  return {
    given,
    path,
    tiers,
    on: stage.needs.length > 0 ? choosePools(stage, given, at('on'), path, world) : [],
    number: (key, otherwise) => number(given[key], otherwise),
    seconds: (key, otherwise) => (given[key] === undefined ? otherwise : measured(given[key], 'time')),
    share: (value) => readShare(value as string | number),
    length: (key) => readOptionalTokens(given[key], at(key), ledger),
    someLength(key, expected) {
      needed(key, expected);
      return readTokens(given[key], at(key), ledger);
    },
    someLatency(key, expected) {
      needed(key, expected);
      return readLatency(given[key], at(key), ledger);
    },
    poolsUnder: (key, type) => choosePools(stageOf(type), { on: given[key] }, at(key), at(key), world),
    list: (value, inner) => readStages(value, inner, world),
    refuse: (where, expected, received) => ledger.add({ path: where, expected, received }),
    missing: (where, expected) => ledger.addMissing(where, expected),
    isKnown: (name, where, noun, known) => ledger.checkKnown(name, where, noun, known),
  };
}
