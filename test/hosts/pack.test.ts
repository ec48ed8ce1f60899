// The package as it would be published: small, without source maps, with everything that it names in it; and the example for CI.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mist-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('is at most 2 MB and holds what its exports, its verb and its examples name', () => {
  const said = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ size, files }] = JSON.parse(said) as [{ size: number; files: { path: string }[] }];
  const paths = new Set(files.map(({ path }) => path));
  expect(size).toBeLessThanOrEqual(2e6);
  expect([...paths].filter((path) => path.endsWith('.map'))).toEqual([]);
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = [exports['.'].types, exports['.'].default, exports['./spec.schema.json'], bin.mist];
  for (const path of named) expect(paths).toContain(path.replace(/^\.\//, ''));
  expect(paths).toContain('examples/ci/latency.yml');
});

describe('examples/ci/compare.mjs', () => {
  const result = (p99: number | null, met = true) => {
    const file = join(folder, `${p99}-${met}.json`);
    writeFileSync(
      file,
      JSON.stringify({ p99_ttft_ms: p99, p99_tpot_ms: 30, p99_e2el_ms: 900, mist: { slo_met: met } }),
    );
    return file;
  };
  const compare = (...argv: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'examples/ci/compare.mjs'), ...argv], { encoding: 'utf8' });

  test.each([
    [100, 100, true, 0],
    [100, 104, true, 0],
    [100, 106, true, 1],
    [100, 80, true, 0],
    [100, 80, false, 1],
    [100, null, true, 1],
  ] as const)('%s to %s ms, limits kept %s: exit code %s', (before, after, met, code) => {
    expect(compare(result(before), result(after, met), '5').status).toBe(code);
  });

  test('says how it is used', () => {
    expect(compare(result(1), result(1)).status).toBe(2);
  });
});
