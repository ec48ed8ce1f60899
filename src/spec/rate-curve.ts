// Arrivals whose rate follows a curve: points of the spec, of a CSV file, or of a workload of the catalog.
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';
import type { CurveSpec, RatePoint } from './types.ts';
import { readFilePath, type World } from './world.ts';

type Written = string | number;

/** The section as the schema lets it through. */
export interface CurveInput {
  readonly points?: readonly (readonly Written[])[];
  readonly file?: string;
  readonly of?: string;
  readonly cv?: Written;
  readonly between?: CurveSpec['between'];
  readonly repeat?: boolean;
  readonly start?: Written;
}

/**
 * Mean rate between the first and the last point: the area under the curve over its length. One point is a constant
 * rate, and so is nothing before the last one.
 * `line`: the rate goes straight from point to point. `step`: it stays what it is until the next point.
 */
export function meanOfCurve({ points, between }: Pick<CurveSpec, 'points' | 'between'>): number {
  const first = points[0]!;
  const last = points[points.length - 1]!;
  if (points.length === 1 || last.time === first.time) return last.rate;
  let area = 0;
  for (let i = 0; i + 1 < points.length; i++) area += areaOf(points[i]!, points[i + 1]!, between);
  return area > 0 ? area / (last.time - first.time) : last.rate;
}

function areaOf(from: RatePoint, to: RatePoint, between: CurveSpec['between']): number {
  const seconds = to.time - from.time;
  return between === 'step' ? from.rate * seconds : ((from.rate + to.rate) / 2) * seconds;
}

/** Reads a curve; every mistake in it is a fault. */
export function readCurve(input: CurveInput, at: Path, ledger: Ledger, world: World): CurveSpec {
  const sources = (['points', 'file', 'of'] as const).filter((key) => input[key] !== undefined);
  if (sources.length !== 1) {
    const received = sources.length === 0 ? 'none of them' : sources.join(' and ');
    ledger.add({ path: [...at], expected: 'one of points, file, of', received });
  }
  const cv = input.cv === undefined ? 1 : measured(input.cv, 'number');
  const given = sources.length === 1 ? listPoints(input, cv, at, ledger, world) : [];
  const between = input.between ?? (input.of === undefined ? 'line' : 'step');
  const repeat = input.repeat ?? input.of !== undefined;
  const path = [...at, sources[0] ?? 'points'];
  checkPoints(given, repeat, between, path, ledger);
  const points = given.length > 0 ? given : [{ time: 0, rate: 1, cv }];
  const start = input.start === undefined ? points[0]!.time : measured(input.start, 'time');
  if (start < points[0]!.time) {
    const expected = `a time from the first point on (${points[0]!.time} s)`;
    ledger.add({ path: [...at, 'start'], expected, received: show(input.start) });
  }
  return { process: 'curve', points, between, repeat, start };
}

function listPoints({ points, file, of }: CurveInput, cv: number, at: Path, ledger: Ledger, world: World): RatePoint[] {
  if (points) {
    // points and ends of them that were refused are gone
    return points.flatMap((point) => {
      const [time, rate, own] = point ?? [];
      if (time === undefined || rate === undefined) return [];
      const spread = own === undefined ? cv : measured(own, 'number');
      return [{ time: measured(time, 'time'), rate: measured(rate, 'number'), cv: spread }];
    });
  }
  if (file !== undefined) return readPointFile(file, cv, at, ledger, world);
  const path = [...at, 'of'];
  if (!ledger.checkKnown(of!, path, 'a workload of the catalog', world.known.workloads)) return [];
  const curve = world.known.curve?.(of!);
  if (curve) return curve.map(([time, rate, own]) => ({ time, rate, cv: own }));
  const expected = 'a workload of the catalog with a rate over time';
  ledger.add({ path, expected, received: show(of), hint: 'deepseek-r1-reasoning has one' });
  return [];
}

/** Lines `time_s,rate` or `time_s,rate,cv`, with or without a heading. */
function readPointFile(name: string, cv: number, at: Path, ledger: Ledger, world: World): RatePoint[] {
  const path = [...at, 'file'];
  const before = ledger.size;
  const file = readFilePath(name, path, ledger, world);
  if (ledger.size > before || !world.readText) return [];
  const points: RatePoint[] = [];
  for (const [i, line] of world.readText(file).split(/\r?\n/).entries()) {
    const cells = line.split(',').map((cell) => cell.trim());
    if (line.trim() === '' || (i === 0 && /[a-z]/i.test(cells[0]!))) continue;
    const figures = cells.map(Number);
    const good = (cells.length === 2 || cells.length === 3) && figures.every((x, k) => x >= 0 && cells[k] !== '');
    if (!good) {
      const expected = 'lines time_s,rate or time_s,rate,cv with numbers of at least 0';
      ledger.add({ path, expected, received: `${show(line)} in line ${i + 1} of ${name}` });
      return [];
    }
    points.push({ time: figures[0]!, rate: figures[1]!, cv: figures[2] ?? cv });
  }
  return points;
}

function checkPoints(
  points: readonly RatePoint[],
  repeat: boolean,
  between: CurveSpec['between'],
  path: Path,
  ledger: Ledger,
): void {
  if (points.length === 0) return;
  const add = (expected: string, received: string) => ledger.add({ path: [...path], expected, received });
  const back = points.findIndex((point, i) => i > 0 && !(point.time > points[i - 1]!.time));
  if (back > 0) add('points in order of time', `${points[back]!.time} s after ${points[back - 1]!.time} s`);
  const last = points[points.length - 1]!;
  if (points.every(({ rate }) => rate === 0)) add('a rate above 0 somewhere', 'only rates of 0');
  else if (!repeat && last.rate === 0) {
    add('a rate above 0 at the end, which lasts until all requests came, or repeat: true', 'a rate of 0');
  } else if (repeat && points.length === 1) add('two points or more to repeat', 'one');
  else if (repeat && between === 'step' && points.slice(0, -1).every(({ rate }) => rate === 0)) {
    add('a rate above 0 before the last point, which only says when the steps begin again', 'only rates of 0');
  }
}

/** "144 points over 86400 s, 0 to 41.2 requests/s, in steps, repeated": for people. */
export function explainCurve({ points, between, repeat, start }: CurveSpec): string {
  const rates = points.map(({ rate }) => rate);
  const first = points[0]!.time;
  const digits = (value: number): number => Number(value.toPrecision(4));
  const range = `${digits(Math.min(...rates))} to ${digits(Math.max(...rates))} requests/s`;
  const words = [`${points.length} points over ${points[points.length - 1]!.time - first} s`, range];
  if (between === 'step') words.push('in steps');
  if (repeat) words.push('repeated');
  if (start !== first) words.push(`from ${start} s on`);
  return words.join(', ');
}
