// A file of finished work, whatever happens to it: cut anywhere, with a byte changed anywhere, on a disk that is full.
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createWork, openWork, type WorkFile } from '../../src/run/work-file.ts';
import { runs } from '../depth.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-work-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const fresh = (): string => join(folder, `${files++}.work`);

/** Piece `i`: of two orders, of a few kinds, so that texts come between the pieces. */
const pieceOf = (i: number) => ({
  row: i,
  share: i / 7,
  words: i % 3 === 0 ? 'refused' : '',
  list: Float64Array.of(i, Number.NaN),
});
const keyOf = (i: number): string => (i % 2 === 0 ? 'even' : 'odd');

function fill(file: WorkFile, from: number, to: number): void {
  for (let i = from; i < to; i++) file.put(keyOf(i), [[i, pieceOf(i)]]);
}

const listed = (file: WorkFile): number[] => [...file.list()].map(([, piece]) => piece).sort((a, b) => a - b);

function whole(): string {
  const path = fresh();
  const file = createWork(path, { of: 'a test' });
  fill(file, 0, 12);
  file.close();
  return path;
}

test('what was put is there again, and more can be put', () => {
  const path = whole();
  const again = openWork(path, true);
  expect(again).toMatchObject({ head: { of: 'a test' }, count: 12, cut: 0 });
  fill(again, 12, 20);
  again.close();
  const last = openWork(path, false);
  expect(listed(last)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  for (let i = 0; i < 20; i++) {
    expect(last.has(keyOf(i), i)).toBe(true);
    expect(last.has(keyOf(i + 1), i)).toBe(false);
    expect(last.get(keyOf(i), i)).toStrictEqual(pieceOf(i));
  }
  last.close();
});

test('cut at any byte: every record before is there, half of one is cut off and said, and it goes on', () => {
  const path = whole();
  const { size } = statSync(path);
  let halves = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: size }), (length) => {
      const cut = fresh();
      copyFileSync(path, cut);
      writeFileSync(cut, readFileSync(path).subarray(0, length));
      const file = openWork(cut, true);
      if (file.cut > 0) halves++;
      if (length >= 8) expect(statSync(cut).size + file.cut).toBe(length);
      const there = listed(file);
      expect(there).toEqual(there.map((_, i) => i));
      for (const i of there) expect(file.get(keyOf(i), i)).toStrictEqual(pieceOf(i));
      if (file.head === undefined) expect(there).toEqual([]);
      fill(file, there.length, 12);
      file.close();
      const again = openWork(cut, false);
      expect(listed(again)).toEqual(Array.from({ length: 12 }, (_, i) => i));
      for (let i = 0; i < 12; i++) expect(again.get(keyOf(i), i)).toStrictEqual(pieceOf(i));
      again.close();
    }),
    { seed: 1, numRuns: runs(150) },
  );
  expect(halves).toBeGreaterThan(50);
});

test("a byte that was changed: its record and what follows is nobody's, what is before stands", () => {
  const path = whole();
  const bytes = readFileSync(path);
  fc.assert(
    fc.property(fc.integer({ min: 8, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = fresh();
      const copy = Buffer.from(bytes);
      copy[at]! ^= flip;
      writeFileSync(changed, copy);
      const file = openWork(changed, false);
      expect(file.cut).toBeGreaterThan(0);
      for (const i of listed(file)) expect(file.get(keyOf(i), i)).toStrictEqual(pieceOf(i));
      file.close();
    }),
    { seed: 2, numRuns: runs(100) },
  );
});

test('a file of another kind is refused, and left as it is', () => {
  const path = fresh();
  appendFileSync(path, 'row,rank\n1,2\n');
  expect(() => openWork(path, true)).toThrow(/expected finished work of MIST, received a file of another kind/);
  expect(readFileSync(path, 'utf8')).toBe('row,rank\n1,2\n');
});

/** A disk of 64 kB; null where none can be had. */
function smallDisk(): string | null {
  const disk = mkdtempSync(join(folder, 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    return disk;
  } catch {
    return null;
  }
}

test('a full disk: a UserError that says so, and every record that was written stays', ({ skip }) => {
  const disk = smallDisk();
  if (disk === null) {
    console.log('skipped: no small disk can be mounted here');
    skip();
  }
  try {
    const path = join(disk!, 'full.work');
    const file = createWork(path, {});
    const column = new Float64Array(200);
    let put = 0;
    const fillUp = (): void => {
      for (; put < 1000; put++) file.put('key', [[put, column.fill(put)]]);
    };
    expect(fillUp).toThrow(
      /full\.work: expected .*, received no space left on the disk \(what was written before is whole: make room/,
    );
    expect(put).toBeGreaterThan(10);
    const again = openWork(path, false);
    expect(again.count).toBe(put);
    expect(again.cut).toBe(0);
    for (let i = 0; i < put; i++) expect(again.get('key', i)).toStrictEqual(new Float64Array(200).fill(i));
    again.close();
  } finally {
    execFileSync('umount', ['-l', disk!]);
  }
});
