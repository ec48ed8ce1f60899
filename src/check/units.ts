// Numbers with units at the doors: "250ms", "80GB", "3.35TB/s", "400W" and 80_000 become SI numbers, or precise words why not.

/** What a quantity measures. A plain number is in the SI unit: s, bytes, bytes/s, W; `number` has no unit, and a share is of 1. */
export type UnitKind = 'time' | 'bytes' | 'bandwidth' | 'power' | 'share' | 'number';

/** A value in SI units, or what was wrong with the words. */
export type Measured =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly expected: string; readonly hint?: string };

const TIME: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  ...{ kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 },
};
/** Bits are how network cards are sold: 400Gb/s is 50 GB/s. */
const BITS: Readonly<Record<string, number>> = { b: 1 / 8, kb: 125, Mb: 125e3, Gb: 125e6, Tb: 125e9 };
const POWER: Readonly<Record<string, number>> = { mW: 1e-3, W: 1, kW: 1e3, MW: 1e6 };

const UNITS: Readonly<Record<UnitKind, Readonly<Record<string, number>>>> = {
  time: TIME,
  bytes: BYTES,
  bandwidth: Object.fromEntries(Object.entries({ ...BYTES, ...BITS }).map(([unit, factor]) => [`${unit}/s`, factor])),
  power: POWER,
  share: { '%': 1e-2 },
  number: {},
};

const EXPECTED: Readonly<Record<UnitKind, string>> = {
  time: 'a time such as 250ms or 1.5 (seconds)',
  bytes: 'a size such as 80GB, 64GiB or 1e9 (bytes)',
  bandwidth: 'a bandwidth such as 3.35TB/s, 400Gb/s or 1e12 (bytes per second)',
  power: 'a power such as 400W or 700 (watts)',
  share: 'a share such as 40% or 0.4',
  number: 'a number',
};

// Underscores only between digits, as in programming languages: YAML 1.2 hands 80_000 over as a string.
const NUMBER = /^([+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?)\s*(.*)$/;

/** The kind of quantity a unit measures, for a hint. */
function kindOfUnit(unit: string): UnitKind | undefined {
  return (Object.keys(UNITS) as UnitKind[]).find((kind) => Object.hasOwn(UNITS[kind], unit));
}

function hintFor(unit: string, kind: UnitKind): string {
  if (unit === '') return 'no number was found';
  const other = kindOfUnit(unit);
  if (other) return `${unit} is a unit of ${other}`;
  const sameLetters = Object.keys(UNITS[kind]).find((known) => known.toLowerCase() === unit.toLowerCase());
  if (sameLetters) return `did you mean ${sameLetters}?`;
  const units = Object.keys(UNITS[kind]);
  return units.length > 0 ? `units: ${units.join(', ')}` : 'a plain number, without a unit';
}

/** Reads a number or a text with a unit of `kind`. Refuses NaN, infinities and negatives; zero is for the caller to judge. */
export function measure(input: unknown, kind: UnitKind): Measured {
  const expected = EXPECTED[kind];
  if (typeof input === 'number') return accept(input, expected);
  if (typeof input !== 'string') return { ok: false, expected };
  const match = NUMBER.exec(input.trim());
  if (!match) return { ok: false, expected, hint: hintFor('', kind) };
  const [, digits = '', unit = ''] = match;
  const value = Number(digits.replaceAll('_', ''));
  if (unit === '') return accept(value, expected);
  const factor = Object.hasOwn(UNITS[kind], unit) ? UNITS[kind][unit] : undefined;
  if (factor === undefined) return { ok: false, expected, hint: hintFor(unit, kind) };
  return accept(convert(value, factor), expected);
}

/** Small units divide by a whole number: 25us is then the double nearest to 25e-6, which 25 * 1e-6 is not. */
function convert(value: number, factor: number): number {
  return factor < 1 ? value / Math.round(1 / factor) : value * factor;
}

function accept(value: number, expected: string): Measured {
  if (!Number.isFinite(value)) return { ok: false, expected, hint: 'it must be finite' };
  if (value < 0) return { ok: false, expected, hint: 'it must not be negative' };
  return { ok: true, value: value === 0 ? 0 : value };
}

/** Reads what `measure` has accepted before: for values that a schema already checked. */
export function measured(input: unknown, kind: UnitKind): number {
  const reading = measure(input, kind);
  if (!reading.ok) throw new Error(`unchecked quantity ${String(input)}: expected ${reading.expected}`);
  return reading.value;
}
