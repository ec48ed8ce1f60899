// The wrapper around typed-array-utils against Node's own, and the digest of kept rows.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, joinBytes, toHex } from '../../src/report/digest.ts';
import { makeSweep } from './fixture.ts';

describe('bytes', () => {
  it('joins and writes hexadecimal as Node does', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (pieces) => {
        const joined = joinBytes(pieces);
        expect(Buffer.from(joined).equals(Buffer.concat(pieces))).toBe(true);
        expect(toHex(Uint8Array.from(joined))).toBe(Buffer.concat(pieces).toString('hex'));
      }),
    );
  });
});

describe('digest', () => {
  it('depends on the rows, not on the number of workers or the time taken', () => {
    const sweep = makeSweep();
    const again = { ...sweep, workers: sweep.workers + 1, seconds: { plan: 9, screen: 9, settle: 9 } };
    expect(digestOf(again)).toBe(digestOf(sweep));
    expect(digestOf({ ...sweep, kept: sweep.kept.slice(1) })).not.toBe(digestOf(sweep));
    expect(digestOf(sweep)).toMatch(/^[0-9a-f]{64}$/);
    expect(createHash('sha256').update('').digest('hex')).not.toBe(digestOf(sweep));
  });
});
