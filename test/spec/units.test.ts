// Numbers with units: what is read, and the words for what is not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measure, measured, type UnitKind } from '../../src/check/units.ts';

const READ: [UnitKind, unknown, number][] = [
  ['time', '1s', 1],
  ['time', '250ms', 0.25],
  ['time', '50 ms', 0.05],
  ['time', '25us', 25e-6],
  ['time', '15 µs', 15e-6],
  ['time', '7ns', 7e-9],
  ['time', '2min', 120],
  ['time', 1.5, 1.5],
  ['time', '1.5', 1.5],
  ['bytes', '80GB', 80e9],
  ['bytes', '64GiB', 64 * 2 ** 30],
  ['bandwidth', '3.35TB/s', 3.35e12],
  ['bandwidth', '400Gb/s', 50e9],
  ['power', '400W', 400],
  ['power', '1.2kW', 1200],
  ['number', '80_000', 80_000],
  ['number', 312e12, 312e12],
  ['number', '312e12', 312e12],
  ['number', '1_0.2_5', 10.25],
  ['number', '.5', 0.5],
  ['number', -0, 0], // and not -0, which toEqual tells apart
];

const REFUSED: [UnitKind, unknown, string | undefined][] = [
  ['time', '1GB', 'GB is a unit of bytes'],
  ['time', '1GB/s', 'GB/s is a unit of bandwidth'],
  ['time', '1MS', 'did you mean ms?'],
  ['time', '1 fortnight', 'units: ns, us, µs, ms, s, min, h'],
  ['time', 'soon', 'no number was found'],
  ['time', '', 'no number was found'],
  ['number', '5ms', 'ms is a unit of time'],
  ['number', '5 apples', 'a plain number, without a unit'],
  ['number', '_5', 'no number was found'],
  ['number', '5__0', 'a plain number, without a unit'],
  ['number', Number.NaN, 'it must be finite'],
  ['number', Infinity, 'it must be finite'],
  ['number', '1e999', 'it must be finite'],
  ['power', '-4W', 'it must not be negative'],
  ['number', -1, 'it must not be negative'],
  ['number', true, undefined],
  ['number', null, undefined],
  ['number', [1], undefined],
  ['time', '1constructor', 'units: ns, us, µs, ms, s, min, h'],
];

describe('measure', () => {
  it.each(READ)('reads %s %o as %d', (kind, input, value) => {
    const reading = measure(input, kind);
    expect(reading).toEqual({ ok: true, value });
  });

  it.each(REFUSED)('refuses %s %o', (kind, input, hint) => {
    const reading = measure(input, kind);
    expect(reading.ok).toBe(false);
    expect(!reading.ok && reading.hint).toBe(hint);
  });

  it('reads every number that JavaScript writes, and underscores change nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(measured(String(value), 'number')).toBe(value === 0 ? 0 : value);
        expect(measured(`${value}s`, 'time')).toBe(value === 0 ? 0 : value);
      }),
      { seed: 1, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(), (value) => {
        expect(measured(value.toLocaleString('en-US').replaceAll(',', '_'), 'number')).toBe(value);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
