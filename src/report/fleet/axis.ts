// Axes for small pictures (round ticks over a range, linear or logarithmic), times in the unit that fits, and small figures.
import { formatGiven, formatShort, UNKNOWN } from '../format.ts';

/** Round numbers (1, 2, 5 times a power of ten) inside [from, to], about `count` of them. */
export function linearTicks(from: number, to: number, count: number): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((digit) => digit * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to * (1 + 1e-12); k++)
    ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** 1, 2 and 5 times powers of ten inside [from, to]; only powers of ten where that would be too many. */
export function logTicks(from: number, to: number, most = 7): number[] {
  const within = (digits: readonly number[]): number[] => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
      for (const digit of digits) ticks.push(Number(`${digit}e${power}`));
    }
    return ticks.filter((tick) => tick >= from && tick <= to);
  };
  const all = within([1, 2, 5]);
  return all.length <= most ? all : within([1]);
}

/** Ticks of a logarithmic axis: as `logTicks`, and round numbers in even steps where those would be fewer than three. */
export function labelTicks(from: number, to: number): number[] {
  const ticks = logTicks(from, to, 7);
  return ticks.length >= 3 ? ticks : linearTicks(from, to, 5);
}

/** "250 µs", "40 ms", "1.5 s", "12 min": three significant digits, rounded before the unit is chosen. */
export function formatTime(seconds: number): string {
  const value = Number(seconds.toPrecision(3));
  const size = Math.abs(value);
  const show = (amount: number): string => formatGiven(Number(amount.toPrecision(3)));
  if (Number.isNaN(value)) return UNKNOWN;
  if (size === 0) return '0';
  if (size < 0.001) return `${show(value * 1e6)} µs`;
  if (size < 1) return `${show(value * 1e3)} ms`;
  return size < 600 ? `${show(value)} s` : `${show(value / 60)} min`;
}

/** Three significant digits; what is not zero but would show as noise is "<0.01". */
export function formatTidy(value: number): string {
  if (value > 0 && value < 0.01) return '<0.01';
  return formatShort(Number(value.toPrecision(3)));
}

/** Seconds as ms, likewise. */
export const formatTidyMs = (seconds: number): string => formatTidy(seconds * 1000);
