// How many, how cheap, how frugal: a spec that leaves counts open becomes a question with axes, asked once for each objective.
import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import type { SweepResult } from '../metrics/sweep.ts';
import { writeSpecDocument } from '../spec/document.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Question } from '../spec/question.ts';
import { isPlain } from '../spec/shorthand.ts';
import { openSizing } from '../spec/sizing.ts';
import type { Objective } from '../spec/types.ts';
import { openSpec } from './open-spec.ts';
import { openSweep, type SweepOptions } from './sweep.ts';

export interface SizeAnswer {
  readonly objective: Objective;
  readonly result: SweepResult;
}

export interface Sized {
  /** One for each objective in turn; up to one that has none though it needs neither prices nor watts: the others have none either. */
  readonly answers: readonly SizeAnswer[];
  readonly objectives: readonly Objective[];
  /** The document that was asked, without its objective. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Most replicas, or instances of a pool, that were tried; null where the spec says how many. */
  readonly most: number | null;
  readonly seconds: number;
}

export interface SizeOptions extends SweepOptions {
  readonly objectives: readonly Objective[];
  /** Name of the document that the question is read from, for paths in it and for its mistakes. */
  readonly file: string;
}

/** Replicas that are tried at first, and how many times as many where the answer may lie beyond; instances of each pool of a fleet. */
const PLAIN = { first: 64, times: 8, last: 512 };
const FLEET = { first: 8, times: 2, last: 32 };
/** Only the best is asked for. */
const TOP = 1;

/** Throws UserError where the spec, or what it is opened to, is a mistake. */
export async function sizeFleet(
  data: Readonly<Record<string, unknown>>,
  catalog: Catalog,
  options: SizeOptions,
): Promise<Sized> {
  const started = performance.now();
  const range = isPlain(data) ? PLAIN : FLEET;
  const { pareto: _, ...own } = data; // one answer for each objective, and no front
  const asked = { top: TOP, ...own };
  const narrow = isWide(data, catalog);
  for (let most = range.first; ; most *= range.times) {
    const opened = openSizing(asked, { most, narrow });
    const answers = await askAll(opened.data, catalog, options);
    const stopped = opened.counts.length === 0 || most * range.times > range.last || (options.signal?.aborted ?? false);
    if (stopped || !answers.some(({ result }) => mayLieBeyond(result, opened.counts, most))) {
      const seconds = (performance.now() - started) / 1000;
      return {
        answers,
        objectives: options.objectives,
        data: opened.data,
        most: opened.counts.length > 0 ? most : null,
        seconds,
      };
    }
  }
}

/** The text of the question for one objective. */
export function writeSizing({ data }: Pick<Sized, 'data'>, objective: Objective): string {
  return writeSpecDocument({ ...data, objective });
}

async function askAll(data: Sized['data'], catalog: Catalog, options: SizeOptions): Promise<SizeAnswer[]> {
  const { file, seed, objectives } = options;
  const questionFor = (objective: Objective) => openSpec(writeSizing({ data }, objective), file, catalog, seed);
  const opened = await openSweep(questionFor(objectives[0]!), catalog, options, objectives);
  const found = new Map<Objective, SweepResult>();
  const ask = async (objective: Objective): Promise<SweepResult> => {
    const question = questionFor(objective);
    const twin = objectives.find((other) => OBJECTIVE[other].priced && orderAlike(objective, other, question));
    // what prices decide is asked for both: it says more of the same answer
    const same = twin && twin !== objective ? await askOnce(twin) : null;
    return same && isMet(same) ? { ...same, objective } : opened.ask(question);
  };
  const askOnce = async (objective: Objective): Promise<SweepResult> => {
    const known = found.get(objective) ?? (await ask(objective));
    found.set(objective, known);
    return known;
  };
  const answers: SizeAnswer[] = [];
  try {
    for (const objective of objectives) {
      const result = await askOnce(objective);
      answers.push({ objective, result });
      const { priced, metered } = OBJECTIVE[objective];
      if (!isMet(result) && !priced && !metered) break;
    }
  } finally {
    await opened.close();
  }
  return answers;
}

/** Whether two objectives rank all rows alike: of one kind of device the fewest are the cheapest, unless electricity is paid apart. */
function orderAlike(one: Objective, other: Objective, { first, axes }: Question): boolean {
  const counted = (objective: Objective) => objective === 'devices' || objective === 'usd_per_hour';
  if (!counted(one) || !counted(other) || first.power.usd_per_kwh !== null) return false;
  const { hardware } = first.pools[0]?.kind === 'llm' ? first.pools[0].configuration : { hardware: '' };
  return (
    first.pools.length === 1 &&
    hardware !== '' &&
    !axes.some(({ name }) => /(^|\.)(hardware|prices|price_sheet)(\.|$)/.test(name))
  );
}

const isMet = ({ kept }: SweepResult): boolean => kept[0]?.result?.slo_met ?? false;

/** Whether more of the same could be an answer, or a better one: the best has as many as were tried, or nothing is enough. */
export function mayLieBeyond({ kept, objective }: SweepResult, counts: readonly string[], most: number): boolean {
  const best = kept[0];
  if (!best?.result?.slo_met) return true;
  const isAtEnd = counts.some((name) => best.choices.get(name) === String(most));
  return isAtEnd || (objective === 'devices' && best.devices > most);
}

/** Whether the model's own weights are wider than those that are tried beside them. */
function isWide({ model }: Sized['data'], catalog: Catalog): boolean {
  if (typeof model !== 'string') return true;
  try {
    const { native_format } = catalog.model(model);
    return native_format === 'bf16' || native_format === 'fp16';
  } catch (error) {
    if (error instanceof UserError) return true; // said of the document, with its line
    throw error;
  }
}
