// Where a claim flips: the study again with one unstated parameter at another value, every other as it stands. A list is gone through; in a
// range the point is found by halving, where the verdicts at its ends differ.
import type { Catalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { parseSpecDocument, writeSpecDocument } from '../spec/document.ts';
import { inputAt } from '../spec/fields.ts';
import type { JudgedClaim } from './judge.ts';
import { openStudy, type Study } from './open-study.ts';
import { runStudy, type StudyOptions } from './run-study.ts';
import type { Unstated } from './section.ts';
import { pathOf } from './unstated.ts';

/** What a claim comes to at one value of a parameter. */
export interface Flip {
  readonly parameter: string;
  readonly value: unknown;
  /** Whether it is what the study itself says. */
  readonly stated: boolean;
  /** null where the study cannot be run so; `refused` says why. */
  readonly judged: JudgedClaim | null;
  readonly refused: string;
}

export interface FlipMap {
  readonly claim: string;
  /** As the study stands. */
  readonly stated: JudgedClaim;
  readonly flips: readonly Flip[];
  /** Between which values of a range the verdict changes, by parameter. */
  readonly points: readonly { readonly parameter: string; readonly from: number; readonly to: number }[];
}

/** Ends of a range are no further apart than this when halving stops. */
const NEAR = 0.02;
const MOST_HALVINGS = 8;

/** What is told on the way: rows of the study that is run, and at which value. */
export type OnFlip = (done: number, total: number, words: string) => void;

/** The maps of claims, by their names, in that order; what is run at one value is run once for all of them. */
export async function findFlips(
  study: Study,
  names: readonly string[],
  catalog: Catalog,
  options: StudyOptions,
  onFlip: OnFlip = () => {},
): Promise<FlipMap[]> {
  const run = (one: Study, words: string) =>
    runStudy(one, catalog, { ...options, onRow: (done, total) => onFlip(done, total, words) });
  const stated = (await run(narrowed(study, names), 'as it stands')).claims;
  const judgeAll = remembered(async (parameter: string, value: unknown) => {
    try {
      const other = narrowed(withValue(study, parameter, value, catalog), names);
      return (await run(other, `${parameter} ${String(value)}`)).claims;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { path, expected } = error.issues[0]!;
      return `${path}: not ${expected}`;
    }
  });
  const maps: FlipMap[] = [];
  for (const [i, claim] of names.entries()) {
    const judge = async ({ name: parameter }: Unstated, value: unknown): Promise<Flip> => {
      // what the study says is what was run: the same bytes
      if (isStated(study, parameter, value)) return { parameter, value, stated: true, judged: stated[i]!, refused: '' };
      const found = await judgeAll(parameter, value);
      const [judged, refused] = typeof found === 'string' ? [null, found] : [found[i]!, ''];
      return { parameter, value, stated: false, judged, refused };
    };
    maps.push({ claim, stated: stated[i]!, ...(await tryAll(study, judge)) });
  }
  return maps;
}

type Judge = (parameter: Unstated, value: unknown) => Promise<Flip>;

async function tryAll({ section }: Study, judge: Judge): Promise<Pick<FlipMap, 'flips' | 'points'>> {
  const flips: Flip[] = [];
  const points: FlipMap['points'][number][] = [];
  for (const parameter of section.unstated) {
    if (parameter.range === null) {
      for (const value of parameter.values) flips.push(await judge(parameter, value));
      continue;
    }
    const found = await halve(parameter, parameter.range, judge);
    flips.push(...found.flips);
    if (found.point) points.push({ parameter: parameter.name, ...found.point });
  }
  return { flips, points };
}

function remembered<T>(act: (parameter: string, value: unknown) => T): (parameter: string, value: unknown) => T {
  const known = new Map<string, T>();
  return (parameter, value) => {
    const key = JSON.stringify([parameter, value]);
    const found = known.get(key) ?? act(parameter, value);
    known.set(key, found);
    return found;
  };
}

/** The study with these claims only, and only the rows that they are of. */
function narrowed(study: Study, names: readonly string[]): Study {
  const claims = names.map((name) => study.claims.find((one) => one.name === name)!);
  const rows = study.rows.filter((row) => claims.some((claim) => claim.takes(study.labelsOf(row))));
  return { ...study, claims, rows };
}

async function halve(parameter: Unstated, range: { readonly from: number; readonly to: number }, judge: Judge) {
  let [low, high] = [await judge(parameter, range.from), await judge(parameter, range.to)];
  const flips = [low, high];
  const same = (a: Flip, b: Flip) => a.judged?.verdict === b.judged?.verdict;
  if (same(low, high)) return { flips, point: null };
  let [from, to] = [range.from, range.to];
  for (let i = 0; i < MOST_HALVINGS && Math.abs(to - from) > NEAR * Math.max(Math.abs(from), Math.abs(to)); i++) {
    const value = middle(from, to);
    if (value === from || value === to) break;
    const found = await judge(parameter, value);
    flips.push(found);
    if (same(found, low)) [low, from] = [found, value];
    else [high, to] = [found, value];
  }
  return { flips: flips.sort((a, b) => Number(a.value) - Number(b.value)), point: { from, to } };
}

/** Of whole numbers a whole one; of what lies far apart the middle of the ratio. */
function middle(from: number, to: number): number {
  const between = from > 0 ? Math.sqrt(from * to) : (from + to) / 2;
  return Number.isInteger(from) && Number.isInteger(to) ? Math.round(between) : Number(between.toPrecision(3));
}

/** The same study with another value of a parameter under `let`, or at a path of the document. */
function withValue({ question }: Study, name: string, value: unknown, catalog: Catalog): Study {
  const { text, file } = question;
  const data = structuredClone(parseSpecDocument(text, file).data) as Record<string, unknown>;
  setAt(data, pathOf(data, name), value);
  return openStudy(writeSpecDocument(data), file, catalog);
}

function isStated({ question: { data } }: Study, name: string, value: unknown): boolean {
  const written = inputAt(data, pathOf(data as Record<string, unknown>, name));
  return written !== undefined && JSON.stringify(written) === JSON.stringify(value);
}

function setAt(data: Record<string, unknown>, path: readonly string[], value: unknown): void {
  (inputAt(data, path.slice(0, -1)) as Record<string, unknown>)[path.at(-1)!] = value;
}
