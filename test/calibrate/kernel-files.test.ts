// Kernel timings in one file: AIConfigurator's tables as Parquet, profiles with an op in every line, and files that are neither.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { mergeEfficiency } from '../../src/calibrate/merge.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Efficiency } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { calibrate } from '../../src/commands/calibrate.ts';

type Row = Record<string, string | number>;
const folder = mkdtempSync(join(tmpdir(), 'mist-kernels-'));
let made = 0;

/** 5 us, half of the peak and 0.8 of the bandwidth of an H100. */
const seconds = (flops: number, bytes: number) => 5e-6 + flops / (0.5 * 989e12) + bytes / (0.8 * 3350e9);

const GEMMS: Row[] = [1, 16, 256, 4096].flatMap((m) =>
  [1024, 4096, 8192].flatMap((n) =>
    [1024, 4096].map((k) => {
      const time = seconds(2 * m * n * k, 2 * (m * k + n * k + m * n));
      return { gemm_dtype: 'bfloat16', m, n, k, latency_us: time * 1e6 };
    }),
  ),
);

function csv(name: string, rows: readonly Row[]): string {
  const file = join(mkdtempSync(join(folder, 'f-')), name);
  const header = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  writeFileSync(
    file,
    `${[header.join(','), ...rows.map((row) => header.map((key) => row[key] ?? '').join(','))].join('\n')}\n`,
  );
  return file;
}

function parquet(name: string, rows: readonly Row[], codec: 'SNAPPY' | 'GZIP' | 'UNCOMPRESSED' = 'SNAPPY'): string {
  const file = join(mkdtempSync(join(folder, 'f-')), name);
  const columnData = Object.keys(rows[0]).map((key) => ({
    name: key,
    data: rows.map((row) => row[key]),
    type: typeof rows[0][key] === 'string' ? ('STRING' as const) : ('DOUBLE' as const),
  }));
  const compressors = { GZIP: (bytes: Uint8Array) => gzipSync(bytes) };
  writeFileSync(file, new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors })));
  return file;
}

async function fitted(
  files: readonly string[],
  ...flags: string[]
): Promise<{ file: Efficiency; out: string; said: string }> {
  const out = join(folder, `catalog-${made++}`);
  const said: string[] = [];
  await calibrate([...files, '--out', out, ...flags], {
    stdout: (text) => said.push(text),
    stderr: (text) => said.push(text),
  });
  const file = JSON.parse(readFileSync(join(out, 'efficiency', 'h100-sxm-80gb.json'), 'utf8')) as Efficiency;
  return { file, out, said: said.join('') };
}

async function issuesOf(files: readonly string[], ...flags: string[]): Promise<readonly Issue[]> {
  const out = join(folder, `catalog-${made++}`);
  try {
    await calibrate([...files, '--out', out, ...flags], { stdout: () => undefined, stderr: () => undefined });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(existsSync(out)).toBe(false);
    return error.issues;
  }
  return [];
}

const gemmOf = ({ ops }: Efficiency) => ops.find(({ family, format }) => family === 'gemm' && format === 'bf16')!;

describe('a Parquet table of AIConfigurator', () => {
  it.each(['SNAPPY', 'GZIP', 'UNCOMPRESSED'] as const)('gives the fit of its CSV, %s', async (codec) => {
    const { file, said } = await fitted([parquet('h100_sxm.gemm.parquet', GEMMS, codec)]);
    const { file: same } = await fitted([csv('h100_sxm.gemm.csv', GEMMS)]);
    expect(gemmOf(file)).toEqual(gemmOf(same));
    expect(gemmOf(file)).toMatchObject({ p: 1, rows: 24, basis: 'calibrated' });
    expect(gemmOf(file).eta_compute).toBeCloseTo(0.5, 2);
    expect(gemmOf(file).eta_memory).toBeCloseTo(0.8, 2);
    expect(said).toMatch(/catalog p50 %/);
  });

  it('leaves the fits of what it does not time as they were, with their source', async () => {
    const { file, out } = await fitted(
      [parquet('gemm_perf.parquet', GEMMS)],
      '--hardware',
      'h100-sxm-80gb',
      '--source',
      'ours',
    );
    const shipped = openCatalog().efficiency('h100-sxm-80gb')!;
    expect(file.ops.filter(({ family }) => family !== 'gemm')).toEqual(
      shipped.ops.filter(({ family }) => family !== 'gemm'),
    );
    expect(file.collectives).toEqual(shipped.collectives);
    expect(file.ops).toHaveLength(shipped.ops.length);
    expect(file.source).toBe(`fits to the traces of ours; the rest: ${shipped.source}`);
    expect(openCatalog({ folder: out }).efficiency('h100-sxm-80gb')).toEqual(file);
    const dropped = file.tables!.filter(({ family, formats }) => family === 'gemm' && formats.includes('bf16'));
    expect(dropped.length).toBeLessThanOrEqual(1);
  });

  it('merged twice keeps the first source once', () => {
    const old = { hardware: 'h', ops: [], collectives: [], source: 'a', licence: 'l' };
    const link = { op: 'all-reduce', devices: 2, t0_s: 1, rate: 1, p: 1, basis: 'calibrated' } as const;
    const fresh: Efficiency = { ...old, source: 'b', collectives: [link] };
    expect(mergeEfficiency(null, fresh)).toBe(fresh);
    const merged = mergeEfficiency({ ...old, collectives: [{ ...link, devices: 4 }] }, fresh);
    expect(merged.source).toBe('b; the rest: a');
    expect(merged.licence).toBe('l');
    expect(merged.collectives).toHaveLength(2);
  });

  const broken = (name: string, bytes: Uint8Array | string) => {
    const file = join(mkdtempSync(join(folder, 'f-')), name);
    writeFileSync(file, bytes);
    return file;
  };
  it.each([
    ['a text', () => broken('h100_sxm.gemm.parquet', 'm,n,k\n1,2,3\n'), /begins with "m,n,/],
    ['nothing', () => broken('h100_sxm.gemm.parquet', ''), /empty file/],
    [
      'a torn file',
      () => {
        const whole = readFileSync(parquet('h100_sxm.gemm.parquet', GEMMS));
        return broken('h100_sxm.gemm.parquet', Buffer.concat([whole.subarray(0, 40), whole.subarray(-8)]));
      },
      /./,
    ],
    ['other data', () => parquet('h100_sxm.gemm.parquet', [{ a: 1, b: 'x' }]), /a, b/],
    ['deflated data', () => broken('h100_sxm.gemm.parquet', deflateRawSync('PAR1')), /begins with/],
  ])('of %s is refused', async (_, make, received) => {
    const [issue] = await issuesOf([make()]);
    expect(issue.received).toMatch(received);
    expect(issue.file).toMatch(/gemm\.parquet$/);
  });
});

/** Every kind of op of a profile, at plain rates. */
function profile(): Row[] {
  const rows: Row[] = GEMMS.map(({ m, n, k, latency_us }) => ({ op: 'gemm', dtype: 'bf16', m, n, k, latency_us }));
  for (const batch of [1, 4, 16, 64]) {
    for (const context of [128, 1024, 8192]) {
      const bytes = batch * context * 2 * 8 * 128 * 2;
      const time = seconds(batch * context * 4 * 32 * 128, bytes);
      const sizes = { batch, heads: 32, kv_heads: 8, head_dim: 128 };
      rows.push({ op: 'attention-decode', dtype: 'bf16', ...sizes, context, latency_us: time * 1e6 });
      const flops = batch * ((context * (context + 1)) / 2) * 4 * 32 * 128;
      rows.push({
        op: 'attention-prefill',
        dtype: 'bf16',
        ...sizes,
        tokens: context,
        latency_us: seconds(flops, bytes) * 1e6,
      });
    }
  }
  for (let step = 0; step < 14; step++) {
    const bytes = 4096 * 2 ** step;
    rows.push({ op: 'all-reduce', dtype: 'bf16', devices: 8, bytes, latency_us: 1e6 * (8e-6 + bytes / 300e9) });
  }
  for (const tokens of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]) {
    const experts = { hidden: 4096, intermediate: 14336, experts: 8, top_k: 2 };
    const touched = 8 * (1 - (1 - 2 / 8) ** tokens);
    const [flops, bytes] = [tokens * 2 * 6 * 4096 * 14336, touched * 3 * 4096 * 14336 * 2];
    rows.push({ op: 'moe', dtype: 'bf16', tokens, ...experts, latency_us: seconds(flops, bytes) * 1e6 });
  }
  return rows;
}

describe('a profile', () => {
  it('times every kind of op in one file, in any unit', async () => {
    const { file } = await fitted([csv('h100-sxm-80gb.csv', profile())]);
    const own = file.ops.filter(({ rows, format }) => format === 'bf16' && (rows ?? 99) <= 24);
    expect(own.map(({ family }) => family).sort()).toEqual(['attention-decode', 'attention-prefill', 'gemm', 'moe']);
    expect(file.collectives.find(({ op, devices }) => op === 'all-reduce' && devices === 8)).toMatchObject({
      p: 1,
      rows: 14,
    });
    const slow = profile().map(({ latency_us, ...row }) => ({ ...row, latency_ms: Number(latency_us) / 1e3 }));
    const { file: same } = await fitted([csv('mine.csv', slow)], '--hardware', 'h100-sxm-80gb');
    expect(gemmOf(same)).toEqual(gemmOf(file));
  });

  it('lies in files: a folder, or nothing, is refused with what was there', async () => {
    const [issue] = await issuesOf([folder, join(folder, 'nowhere.csv')]);
    expect(issue.received).toBe(`${folder} (a folder) ${join(folder, 'nowhere.csv')} (nothing there)`);
  });

  const with1 = (changes: Row, place = 0) => profile().map((row, i) => (i === place ? { ...row, ...changes } : row));
  const cases: [string, () => Row[], RegExp, RegExp, number | undefined][] = [
    ['an op that nobody knows', () => with1({ op: 'gem' }), /one of gemm, attention-prefill/, /gem/, 2],
    ['a format that nobody knows', () => with1({ dtype: 'fp9' }), /bfloat16/, /fp9/, 2],
    ['a negative time', () => with1({ latency_us: -1 }, 3), /positive/, /-1/, 5],
    ['NaN', () => with1({ latency_us: 'NaN' }, 3), /positive/, /NaN/, 5],
    ['a missing size', () => with1({ m: '' }, 1), /positive/, /""/, 3],
    [
      'no sizes',
      () => GEMMS.map(({ latency_us }) => ({ op: 'gemm', latency_us })),
      /column of this name, for gemm/,
      /none/,
      2,
    ],
    ['too few rows', () => profile().slice(0, 5), /at least 12 usable rows/, /5/, undefined],
    [
      'times in ms that claim to be us',
      () => profile().map((row) => ({ ...row, latency_us: Number(row.latency_us) / 1e3 })),
      /times of a kernel/,
      /of the time that peak rates allow/,
      undefined,
    ],
    [
      'times in ns that claim to be us',
      () => profile().map((row) => ({ ...row, latency_us: Number(row.latency_us) * 1e3 })),
      /times of a kernel/,
      /of the time that peak rates allow/,
      undefined,
    ],
    [
      'rows that contradict each other',
      () => profile().flatMap((row) => [row, { ...row, latency_us: 9 * Number(row.latency_us) }]),
      /about equally long/,
      /timed more than 3x apart: 1x1024x1024/,
      undefined,
    ],
  ];
  it.each(cases)('with %s is refused, and nothing is written', async (_, rows, expected, received, line) => {
    const [issue] = await issuesOf([csv('h100-sxm-80gb.csv', rows())]);
    expect(issue.expected).toMatch(expected);
    expect(issue.received).toMatch(received);
    if (line !== undefined) expect(issue.line).toBe(line);
  });

  it('of an unknown device, or without a known column, says so', async () => {
    const [unknown] = await issuesOf([csv('mychip.csv', profile())]);
    expect(unknown).toMatchObject({ path: '--hardware', received: '"mychip"' });
    const [none] = await issuesOf([csv('x.csv', [{ a: 1, b: 2 }])]);
    expect(none.received).toMatch(/columns a, b/);
    const [unit] = await issuesOf([
      csv(
        'h100-sxm-80gb.csv',
        profile().map(({ latency_us, ...row }) => ({ ...row, latency: Number(latency_us) })),
      ),
    ]);
    expect(unit.expected).toMatch(/latency_us/);
  });
});
