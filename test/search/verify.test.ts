// mist verify: a true certificate holds, a false one is found out.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mist } from '../cli/spawn.ts';
import { SPACES } from './spaces.ts';

test('a result holds; one without its winner, or with a better price, does not', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mist-verify-'));
  const spec = join(folder, 'space.yaml');
  writeFileSync(spec, SPACES.cheapest!);
  await mist(['sweep', spec, '--workers', '1', '--out', join(folder, 'out')]);
  const file = join(folder, 'out', 'results.json');
  const held = await mist(['verify', file, '--sample', '40', '--workers', '1']);
  expect(held.stdout).toContain('The certificate holds.');
  expect(held.code).toBe(0);

  const result = JSON.parse(readFileSync(file, 'utf8'));
  const forged = join(folder, 'forged.json');
  const write = (kept: object[]) => writeFileSync(forged, JSON.stringify({ ...result, kept }));
  write(
    result.kept.map((row: { rank: number; usd_per_hour: number }) =>
      row.rank === 1 ? { ...row, usd_per_hour: row.usd_per_hour * 0.9 } : row,
    ),
  );
  expect((await mist(['verify', forged, '--sample', '1', '--workers', '1'])).code).toBe(3);
  const [, ...others] = result.kept.filter((row: { slo_met: boolean }) => row.slo_met);
  const dearest = others.filter(
    (row: { usd_per_hour: number }) => row.usd_per_hour > 1.5 * result.kept[0].usd_per_hour,
  );
  write(dearest);
  const found = await mist(['verify', forged, '--sample', '300', '--workers', '1']);
  expect(found.stdout).toContain('The certificate does not hold.');
  expect(found.code).toBe(3);

  const wrong = await mist(['verify', spec]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('expected the results.json of mist sweep --out');
});
