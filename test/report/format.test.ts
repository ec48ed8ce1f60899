// Numbers as people read them, one by one: what is rounded, how far, and what stands for the unknown.
import { expect, test } from 'vitest';
import {
  formatDuration,
  formatGiven,
  formatMonthly,
  formatMs,
  formatNumber,
  formatShare,
  formatShort,
  formatUsd,
} from '../../src/report/format.ts';

test('a month has 730 hours', () => {
  expect(formatMonthly(1)).toBe('730');
  expect(formatMonthly(17.5)).toBe('12,775');
  expect(formatMonthly(Number.NaN)).toBe('-');
});

test('numbers have separators and as many decimals as asked; the unknown is a dash, the unbounded inf', () => {
  expect([formatNumber(1234567.891), formatNumber(1234.5, 2), formatNumber(0)]).toEqual(['1,234,568', '1,234.50', '0']);
  expect([Number.NaN, Number.POSITIVE_INFINITY].map((value) => formatNumber(value))).toEqual(['-', 'inf']);
});

test('short ones keep about three digits, never more than six decimals', () => {
  const short = [12345, 123.4, 12.34, 1.234, 0.01234, 0.00000123, -1.234, 0].map(formatShort);
  expect(short).toEqual(['12,345', '123', '12.3', '1.23', '0.0123', '0.000001', '-1.23', '0']);
  expect(formatShort(Number.NaN)).toBe('-');
});

test('milliseconds, dollars, shares and what a user gave', () => {
  expect([formatMs(0.95), formatMs(0.0403), formatMs(1.204)]).toEqual(['950', '40.3', '1,204']);
  expect([formatUsd(0.416), formatUsd(999.999), formatUsd(1234.5)]).toEqual(['0.42', '1,000.00', '1,235']);
  expect([formatShare(0.97), formatShare(0.004), formatShare(0), formatShare(0.1)]).toEqual([
    '97 %',
    '0.4 %',
    '0 %',
    '10 %',
  ]);
  expect(formatShare(Number.NaN)).toBe('-');
  expect([formatGiven(40), formatGiven(0.5), formatGiven(1000)]).toEqual(['40', '0.5', '1,000']);
});

test('durations have two units', () => {
  const words = [0.84, 59.9, 60, 125, 3599, 3600, 7325].map(formatDuration);
  expect(words).toEqual(['0.840 s', '59.9 s', '1 min 0 s', '2 min 5 s', '59 min 59 s', '1 h 0 min', '2 h 2 min']);
});
