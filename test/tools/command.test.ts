// The fit of folders of traces end to end, on those of an imaginary GPU: files, words for bad input, old files untouched.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTool } from '../../tools/main.ts';

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);

/** H100 timings as t0 = 5 us plus 0.5 of peak and 0.8 of bandwidth would make them. */
function gemmTable(): string {
  const lines = ['gemm_dtype,m,n,k,latency_us'];
  for (const m of [1, 16, 256, 4096]) {
    for (const n of [1024, 4096, 8192]) {
      for (const k of [1024, 4096]) {
        const seconds = 5e-6 + (2 * m * n * k) / (0.5 * 989e12) + (2 * (m * k + n * k + m * n)) / (0.8 * 3350e9);
        lines.push(`bfloat16,${m},${n},${k},${seconds * 1e6}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

async function run(...argv: string[]) {
  const said = { out: '', err: '' };
  const code = await runTool(['calibrate', ...argv], {
    stdout: (text) => {
      said.out += text;
    },
    stderr: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mist-calibrate-'));
  mkdirSync(at('traces', 'aiconfigurator'), { recursive: true });
  writeFileSync(at('traces', 'aiconfigurator', 'h100-sxm-80gb.gemm.csv'), gemmTable());
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the fit of a folder', () => {
  it('writes an efficiency file with the parameters that made the traces', async () => {
    const { code, out } = await run(at('traces'), '--out', at('catalog'));
    expect(code).toBe(0);
    expect(out).toContain('1 files written');
    expect(readdirSync(at('catalog', 'efficiency'))).toEqual(['h100-sxm-80gb.json']);
    const file = JSON.parse(readFileSync(at('catalog', 'efficiency', 'h100-sxm-80gb.json'), 'utf8'));
    expect(file).toMatchObject({ hardware: 'h100-sxm-80gb', collectives: [], licence: 'not stated' });
    expect(file.source).toContain('traces in traces');
    const [fit] = file.ops;
    expect(fit).toMatchObject({ family: 'gemm', format: 'bf16', p: 1, basis: 'calibrated', rows: 24 });
    expect(fit.t0_s).toBeCloseTo(5e-6, 7);
    expect(fit.eta_compute).toBeCloseTo(0.5, 2);
    expect(fit.eta_memory).toBeCloseTo(0.8, 2);
  });

  it('takes source and licence from a DATA.md beside the traces', async () => {
    writeFileSync(at('DATA.md'), '| kernels/aiconfigurator/<gpu>.gemm.csv | t | c | someone @1 | MIT |\n');
    await run(at('traces'), '--out', at('catalog'));
    const file = JSON.parse(readFileSync(at('catalog', 'efficiency', 'h100-sxm-80gb.json'), 'utf8'));
    expect(file).toMatchObject({ source: 'fits to the traces of someone @1', licence: 'MIT' });
  });

  it('writes nothing without --out, and says so', async () => {
    const { code, out } = await run(at('traces'));
    expect(code).toBe(0);
    expect(out).toContain('Nothing written');
    expect(readdirSync(folder)).toEqual(['traces']);
  });

  it('adds vendor files on request, every one naming its hardware', async () => {
    await run(at('traces'), '--out', at('catalog'), '--vendors');
    const names = readdirSync(at('catalog', 'efficiency'));
    for (const id of ['_nvidia', '_amd', '_intel', '_google', '_aws', '_sambanova', '_cpu']) {
      const file = JSON.parse(readFileSync(at('catalog', 'efficiency', `${id}.json`), 'utf8'));
      expect(file.hardware).toBe(id);
      expect(file.ops[0].basis).toBe(id === '_nvidia' ? 'extrapolated' : 'datasheet');
      expect(names).toContain(`${id}.json`);
    }
  });

  it('tells every bad cell with its line, writes nothing and leaves old files as they were', async () => {
    await run(at('traces'), '--out', at('catalog'));
    const old = readFileSync(at('catalog', 'efficiency', 'h100-sxm-80gb.json'), 'utf8');
    const lines = gemmTable().split('\n');
    lines[3] = 'bfloat16,1,4096,1024,-2';
    lines[5] = 'bfloat16,1,8192,NaN,7';
    writeFileSync(at('traces', 'aiconfigurator', 'h100-sxm-80gb.gemm.csv'), lines.join('\n'));
    const { code, err } = await run(at('traces'), '--out', at('catalog'));
    expect(code).toBe(2);
    expect(err).toMatch(/gemm\.csv:4: latency_us: expected a positive number, received "-2"/);
    expect(err).toMatch(/gemm\.csv:6: k: expected a positive number, received "NaN"/);
    expect(readFileSync(at('catalog', 'efficiency', 'h100-sxm-80gb.json'), 'utf8')).toBe(old);
    expect(readdirSync(at('catalog', 'efficiency'))).toEqual(['h100-sxm-80gb.json']);
  });

  it('names a missing column, an unknown device, an unknown format and too few rows', async () => {
    const cases: [name: string, text: string, words: RegExp][] = [
      [
        'h100-sxm-80gb.gemm.csv',
        gemmTable().replace('latency_us', 'latency'),
        /latency_us: expected a column.*nearest: latency/,
      ],
      ['h100-smx-80gb.gemm.csv', gemmTable(), /received h100-smx-80gb \(nearest: h100-sxm-80gb/],
      [
        'h100-sxm-80gb.gemm.csv',
        gemmTable().replaceAll('bfloat16', 'bf61'),
        /gemm_dtype: expected one of bfloat16.*"bf61"/,
      ],
      ['h100-sxm-80gb.gemm.csv', gemmTable().split('\n').slice(0, 6).join('\n'), /at least 12 usable rows.*received 5/],
    ];
    for (const [name, text, words] of cases) {
      rmSync(at('traces', 'aiconfigurator'), { recursive: true });
      mkdirSync(at('traces', 'aiconfigurator'));
      writeFileSync(at('traces', 'aiconfigurator', name), text);
      const { code, err } = await run(at('traces'));
      expect(code).toBe(2);
      expect(err).toMatch(words);
    }
  });

  it('reads profiles in a folder of their own, one a device', async () => {
    const lines = gemmTable().replaceAll('bfloat16', 'gemm,bf16').replace('gemm_dtype', 'op,dtype');
    mkdirSync(at('own', 'profile'), { recursive: true });
    writeFileSync(at('own', 'profile', 'h100-sxm-80gb.csv'), lines);
    const [own, table] = [await run(at('own'), '--json'), await run(at('traces'), '--json')].map(({ out }) =>
      JSON.parse(out),
    );
    expect(own.ops[0].price).toEqual(table.ops[0].price);
    expect(own.ops[0].layout).toBe('profile');
  });

  it('refuses a missing folder, a folder without traces and unknown flags', async () => {
    mkdirSync(at('empty'));
    expect((await run(at('nowhere'))).err).toContain('expected a folder of traces');
    expect((await run(at('empty'))).err).toMatch(/expected at least one of the folders .*aiconfigurator/);
    expect((await run(at('traces'), '--outt', 'x')).err).toContain('--outt');
    expect((await run()).err).toContain('expected one folder of traces');
  });
});
