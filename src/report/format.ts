// Numbers as people read them: ms at the door, thousands separated, a dash for what is unknown.

export const UNKNOWN = '-';

/** Rounded to `digits` decimals with thousands separators; the locale is fixed so that reports are the same everywhere. */
export function formatNumber(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? UNKNOWN : 'inf';
  return formatOf(digits).format(value);
}

/** Made once for each number of decimals: making one takes longer than formatting with it. */
const formats = new Map<number, Intl.NumberFormat>();

function formatOf(digits: number): Intl.NumberFormat {
  const known = formats.get(digits);
  if (known) return known;
  const made = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(digits, made);
  return made;
}

/** About three significant digits: 0.0123, 1.23, 12.3, 123, 12,345. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatNumber(value);
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return formatNumber(value, digits);
}

const AS_GIVEN = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });

/** A figure the user gave, as given: no padding zeros ("40", "0.5", "1,000"). */
export function formatGiven(value: number): string {
  return AS_GIVEN.format(value);
}

/** Seconds as milliseconds: "950", "40.3", "1,204". */
export function formatMs(seconds: number): string {
  return formatShort(seconds * 1000);
}

/** USD, without the sign: "0.42", "9.96", "1,234". */
export function formatUsd(usd: number): string {
  return formatNumber(usd, Math.abs(usd) < 1000 ? 2 : 0);
}

/** Hours of a month, as price lists count them. */
export const HOURS_PER_MONTH = 730;

/** USD per hour as USD per month, without the sign. */
export function formatMonthly(usdPerHour: number): string {
  return formatNumber(usdPerHour * HOURS_PER_MONTH);
}

/** A share in [0, 1] as per cent: "97 %", "0.4 %". */
export function formatShare(share: number): string {
  if (Number.isNaN(share)) return UNKNOWN;
  const percent = share * 100;
  return `${formatNumber(percent, percent > 0 && percent < 10 ? 1 : 0)} %`;
}

/** Half the width of a band around a figure, in % of it: "± 13 %"; Infinity is no band. */
export function plusMinus(pct: number): string {
  return pct === Number.POSITIVE_INFINITY ? 'not determined' : `± ${formatNumber(pct)} %`;
}

/** Durations of our own work: "0.840 s", "2 min 5 s". */
export function formatDuration(seconds: number): string {
  if (!(seconds >= 60)) return `${formatShort(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** "1 device", "4 devices". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function listWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** The first letter large. */
export const capital = (words: string): string => words[0]!.toUpperCase() + words.slice(1);
