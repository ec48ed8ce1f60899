// Holds claims against rows. A scenario is one setting of the axes that belong to the question; of answers that a claim does not name the
// best is taken. Each comparison is a ratio of two figures per seed, over paired seeds: how far beyond 1 it lies says whether the claim
// holds; an interval over 1 is noise; and what the model's own error could turn is within its band.

import { spreadOf } from '../metrics/chance.ts';
import type { Claim, Quantity, Sign, Statement } from './claim.ts';
import type { Figure, StudiedRow } from './figures.ts';
import { bestOf, type Grouping, groupRows, type Variant, variantsOf } from './variants.ts';

export type Verdict = 'holds' | 'fails' | 'noise' | 'band' | 'unknown';

/** From the worst: what a claim over several scenarios comes to. */
const ORDER: readonly Verdict[] = ['unknown', 'fails', 'noise', 'band', 'holds'];

export interface Judged {
  readonly verdict: Verdict;
  /** Which way the figures point, whatever the verdict: above 1 as claimed, by this factor. */
  readonly margin: number;
  /** 95 % interval of the margin over seeds; NaN of one seed. */
  readonly low: number;
  readonly high: number;
  /** What the model's error may be of it, as a share. */
  readonly band: number;
  /** "A 0.31 s < B 0.42 s". */
  readonly words: string;
}

export interface JudgedScenario extends Judged {
  readonly scenario: string;
}

export interface JudgedClaim {
  readonly claim: Claim;
  readonly verdict: Verdict;
  readonly scenarios: readonly JudgedScenario[];
  /** How many of them come to each verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** Pairs that were measured more than this far apart were nearly always predicted in the right order (bench/validation.md, Order). */
const ORDER_GAP = 0.1;

export function judgeClaim(claim: Claim, rows: readonly StudiedRow[], grouping: Grouping): JudgedClaim {
  const taken = rows.filter((row) => claim.takes(row.labels));
  const apart = (axis: string) => axis !== grouping.seeds && grouping.makesScenario(axis) && !claim.axes.has(axis);
  const judged = [...groupRows(taken, grouping, apart)].map(
    ([scenario, own]): JudgedScenario => ({
      scenario,
      ...judge(claim.statement, variantsOf(own, grouping), claim.tolerance),
    }),
  );
  const counts = Object.fromEntries(ORDER.map((one) => [one, 0])) as Record<Verdict, number>;
  for (const { verdict } of judged) counts[verdict]++;
  const pick = claim.scope === 'every' ? worst : best;
  return { claim, scenarios: judged, counts, verdict: judged.length === 0 ? 'unknown' : pick(judged).verdict };
}

export const worst = <J extends Judged>(all: readonly J[]): J =>
  all.reduce((one, other) => (before(other, one) ? other : one));
const best = <J extends Judged>(all: readonly J[]): J => all.reduce((one, other) => (before(one, other) ? other : one));

/** Worse in verdict, or as bad and by less. */
function before(a: Judged, b: Judged): boolean {
  const order = ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict);
  return order < 0 || (order === 0 && a.margin < b.margin);
}

function judge(statement: Statement, variants: readonly Variant[], tolerance: number): Judged {
  if (statement.kind === 'compare') return compare(statement, variants, tolerance);
  if (statement.kind === 'winner') return findWinner(statement, variants, tolerance);
  if (statement.kind === 'not') return deny(judge(statement.of, variants, tolerance));
  const both = [judge(statement.left, variants, tolerance), judge(statement.right, variants, tolerance)];
  const chosen = statement.kind === 'and' ? worst(both) : best(both);
  return { ...chosen, words: both.map(({ words }) => words).join(` ${statement.kind} `) };
}

const DENIED: Partial<Record<Verdict, Verdict>> = { holds: 'fails', fails: 'holds' };

function deny(judged: Judged): Judged {
  const { verdict, margin, low, high, words } = judged;
  const turned = { margin: 1 / margin, low: 1 / high, high: 1 / low };
  return { ...judged, ...turned, verdict: DENIED[verdict] ?? verdict, words: `not ${words}` };
}

/** A quantity per seed, and the figures of rows behind it. */
interface Side {
  readonly values: readonly number[];
  readonly behind: readonly { readonly figure: Figure; readonly row: StudiedRow }[];
  readonly words: string;
}

function sideOf(quantity: Quantity, variants: readonly Variant[], seeds: number): Side | string {
  if (quantity.kind === 'number')
    return { values: new Array(seeds).fill(quantity.value), behind: [], words: formatFigure(quantity.value, '') };
  if (quantity.kind === 'figure') {
    const { figure, which } = quantity;
    const fitting = variants.filter(({ labels }) => [...which].every(([axis, label]) => labels.get(axis) === label));
    const chosen = bestOf(figure, fitting);
    const name = [...which.values()].join(' ');
    if (!chosen) return `${figure.name}${name ? ` of ${name}` : ''}: no such row has it`;
    return tellSide(figure, chosen, name);
  }
  const [left, right] = [sideOf(quantity.left, variants, seeds), sideOf(quantity.right, variants, seeds)];
  if (typeof left === 'string') return left;
  if (typeof right === 'string') return right;
  return {
    values: left.values.map((value, i) => together(quantity.sign, value, right.values[i]!)),
    behind: [...left.behind, ...right.behind],
    words: `${left.words} ${quantity.sign} ${right.words}`,
  };
}

/** A ratio to nothing is none. */
function together(sign: '+' | '-' | '*' | '/', a: number, b: number): number {
  if (sign === '/') return b === 0 ? Number.NaN : a / b;
  return sign === '*' ? a * b : sign === '+' ? a + b : a - b;
}

function tellSide(figure: Figure, { rows }: Variant, name: string): Side {
  const values = rows.map((row) => figure.of(row));
  const shown = formatFigure(spreadOf(values).mean, figure.unit);
  return { values, behind: [{ figure, row: rows[0]! }], words: name ? `${name} ${shown}` : shown };
}

type Compared = Extract<Statement, { kind: 'compare' }>;

function compare({ sign, left, right }: Compared, variants: readonly Variant[], tolerance: number): Judged {
  const seeds = variants[0]!.rows.length;
  const [a, b] = [sideOf(left, variants, seeds), sideOf(right, variants, seeds)];
  if (typeof a === 'string') return unknown(a);
  if (typeof b === 'string') return unknown(b);
  const ratios = a.values.map((value, i) => ratioOf(value, b.values[i]!));
  const margins = ratios.map((ratio) => marginOf(sign, ratio, tolerance));
  const strict = sign === '<' || sign === '>' || sign === '!=';
  return decide(margins, bandOf([...a.behind, ...b.behind]), `${a.words} ${sign} ${b.words}`, strict);
}

/** ln(a / b); both 0 are equal. */
function ratioOf(a: number, b: number): number {
  if (a === b) return 0;
  return Math.log(a / b);
}

/** How far the ratio is on the claimed side, as a logarithm. */
function marginOf(sign: Sign, ratio: number, tolerance: number): number {
  const room = Math.log1p(tolerance);
  if (sign === '<' || sign === '<=') return room - ratio;
  if (sign === '>' || sign === '>=') return room + ratio;
  return sign === '==' ? room - Math.abs(ratio) : Math.abs(ratio) - room;
}

function findWinner(
  statement: Extract<Statement, { kind: 'winner' }>,
  variants: readonly Variant[],
  tolerance: number,
): Judged {
  const { figure, axis, labels, is } = statement;
  const names = [...new Set(variants.flatMap(({ labels: own }) => own.get(axis) ?? []))];
  const sides = names.flatMap((name) => {
    const chosen = bestOf(
      figure,
      variants.filter((one) => one.labels.get(axis) === name),
    );
    return chosen ? [{ name, ...tellSide(figure, chosen, name) }] : [];
  });
  const mean = ({ values }: Side) => spreadOf(values).mean * (figure.better === 'more' ? 1 : -1);
  sides.sort((a, b) => mean(b) - mean(a));
  const [claimed, rivals] = [
    sides.filter(({ name }) => labels.includes(name)),
    sides.filter(({ name }) => !labels.includes(name)),
  ];
  const [own, rival] = [claimed[0], rivals[0]];
  if (!own) return unknown(`${labels.join(' or ')}: no row has ${figure.name}`);
  if (!rival) return unknown(`${figure.name}: nothing beside ${own.name} has it`);
  const sign = figure.better === 'more' ? '>' : '<';
  const margins = own.values.map((value, i) => marginOf(sign, ratioOf(value, rival.values[i]!), tolerance));
  const judged = decide(margins, bandOf([...own.behind, ...rival.behind]), `${own.words}, ${rival.words}`, true);
  return is ? judged : deny(judged);
}

/** Rows on the same devices, priced alike, share most of their error: what is left is how far apart measured pairs were told apart. */
function bandOf(behind: Side['behind']): number {
  const bands = behind.map(({ figure, row }) => figure.band(row) / 100);
  const most = Math.max(0, ...bands);
  const [first, ...others] = behind;
  const alike = first !== undefined && others.length > 0 && others.every(({ row }) => isAlike(row, first.row));
  return alike ? Math.min(most, ORDER_GAP) : most;
}

const isAlike = (a: StudiedRow, b: StudiedRow): boolean => a.stands === b.stands && a.trust?.basis === b.trust?.basis;

function decide(margins: readonly number[], band: number, words: string, strict: boolean): Judged {
  const { mean, half } = spreadOf(margins);
  if (Number.isNaN(mean)) return unknown(words);
  const off = Number.isNaN(half) ? 0 : half;
  const figures = { margin: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half), band, words };
  // equal figures keep what allows equality, whatever the band
  if (mean === 0 && off === 0) return { ...figures, verdict: strict ? 'fails' : 'holds' };
  if (Math.abs(mean) <= off) return { ...figures, verdict: 'noise' };
  if (Math.abs(mean) <= Math.log1p(band)) return { ...figures, verdict: 'band' };
  return { ...figures, verdict: mean > 0 ? 'holds' : 'fails' };
}

function unknown(words: string): Judged {
  return { verdict: 'unknown', margin: Number.NaN, low: Number.NaN, high: Number.NaN, band: 0, words };
}

/** A figure in its unit, three digits. */
export function formatFigure(value: number, unit: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'none' : 'without end';
  if (unit === 's' && Math.abs(value) < 1) return `${Number((value * 1000).toPrecision(3))} ms`;
  const digits = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return `${digits.toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`}`;
}
