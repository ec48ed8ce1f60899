// Reads ab_matmul_<GPU>.csv: header-less "m, n, k, 0.19ms, 101.7Tflops" lines of fp16 matrix products.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import { gemmWork } from '../../src/calibrate/work.ts';
import { type Issue, show } from '../../src/check/issue.ts';
import { readTextFile } from '../../src/check/text-file.ts';

/** MI210 is one die of an MI250 (CDNA 2): half its peak and bandwidth; times are fitted against half of MI250. */
const DEVICES: Record<string, { readonly device: string; readonly dies: number }> = {
  A100: { device: 'a100-sxm-80gb', dies: 1 },
  MI210: { device: 'mi250', dies: 2 },
};

/**
 * These times include an eager launch from Python: 29.6 us for 8192x64x64 on A100, where captured kernels take 4-5 us. What it
 * adds is taken off, so that the fit is of the GPU.
 */
const LAUNCH_S = 25e-6;

export function readLlmcompass(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('llmcompass');
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const match = /^ab_matmul_([^.]+)\.csv$/.exec(name);
    const at = match ? DEVICES[match[1]] : undefined;
    if (at && known.has(at.device)) addGemm(join(folder, name), at.device, at.dies, ops, issues);
    else traces.notes.push(`${name}: launch-bound or unknown operators, not read`);
  }
  traces.ops.push(...ops.list());
  return traces;
}

function addGemm(file: string, device: string, dies: number, ops: SeriesCollector, issues: Issue[]): void {
  const lines = readTextFile(file, { path: 'file', expected: 'a readable trace' }).split(/\r?\n/).filter(Boolean);
  for (const [index, line] of lines.entries()) {
    const match = /^(\d+), *(\d+), *(\d+), *([\d.]+)ms/.exec(line);
    if (!match || !(Number(match[4]) > 0)) {
      issues.push({ path: 'row', expected: '"m, n, k, <time>ms"', received: show(line), file, line: index + 1 });
      continue;
    }
    const [m, n, k, ms] = match.slice(1).map(Number);
    const work = gemmWork(m, n, k, 'bf16');
    ops.add(device, 'gemm', 'bf16', {
      fixed: '',
      axes: [m, n, k],
      shape: `${m}x${n}x${k}`,
      // A whole package does `dies` times the work of one die in the same time.
      flops: work.flops * dies,
      bytes: work.bytes * dies,
      seconds: Math.max(ms * 1e-3 - LAUNCH_S, 1e-6),
    });
  }
}
