// The requests of a case: drawn lengths or a list, and when they are sent (data/cases/SCHEMA.md sections 2 and 4).
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../../check/issue.ts';
import { drawArrivals } from '../../workload/arrivals.ts';
import { drawLengthPairs, drawRows, type Lengths } from '../../workload/lengths.ts';
import type { RequestRows } from '../../workload/rows.ts';
import { readRequestRows } from '../../workload/traces.ts';
import type { Requests } from '../../workload/types.ts';
import type { CaseInput, Trouble } from './case.ts';

/** One seed for all runs: points of one sweep see the same requests, so that their order is not a matter of luck. */
const SEED = 0;

/** Lists of lengths beside a case file, each read once. */
export interface LengthFiles {
  open(name: string): RequestRows | Trouble;
}

export function openLengthFiles(caseFile: string): LengthFiles {
  const folder = dirname(resolve(caseFile));
  const known = new Map<string, RequestRows | Trouble>();
  return {
    open(name) {
      let rows = known.get(name);
      if (!rows) {
        rows = readList(resolve(folder, name), name);
        known.set(name, rows);
      }
      return rows;
    },
  };
}

function readList(path: string, name: string): RequestRows | Trouble {
  if (!existsSync(path)) return { status: 'error', words: `lengths_file ${name}: no such file` };
  try {
    return readRequestRows(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      status: 'error',
      words: `lengths_file ${name}: ${error.issues.length} mistakes in it, the first: ${error.message.split('\n')[0]}`,
    };
  }
}

/** The requests of a run, in the order in which they are sent. */
export function makeCaseRequests(input: CaseInput, files: LengthFiles): Requests | Trouble {
  const lengths = drawCaseLengths(input, files);
  if ('words' in lengths) return lengths;
  const count = lengths.prompt.length;
  const { mode, load_kind, load_value } = input;
  const sent = { count, prompt: lengths.prompt, output: lengths.output, concurrency: 0, rate: 0, description: mode };
  const atOnce = new Float64Array(count);
  if (load_kind === 'concurrency') return { ...sent, arrival: atOnce, concurrency: load_value! };
  if (load_kind === 'trace') return { ...sent, arrival: lengths.arrival! };
  if (load_kind !== 'rate') return { ...sent, arrival: atOnce };
  const { arrival } = drawArrivals({ process: 'poisson' }, count, load_value!, SEED);
  const first = arrival[0];
  return { ...sent, arrival: arrival.map((at) => at - first), rate: load_value! };
}

function drawCaseLengths(input: CaseInput, files: LengthFiles): (Lengths & { arrival?: Float64Array }) | Trouble {
  const { lengths_file: name } = input;
  // a static batch is its batch, whatever the publisher counted as a request
  const count = input.mode === 'static-batch' ? input.load_value! : input.num_requests;
  if (name === null) {
    const spread = input.length_spread ?? 1;
    return drawLengthPairs(rangeOf(input.input_len, spread), rangeOf(input.output_len, spread), count, SEED);
  }
  const rows = files.open(name);
  if ('words' in rows) return rows;
  if (input.load_kind !== 'trace') return scaleLengths(drawRows(rows, count, SEED), input);
  if (rows.arrival === null)
    return { status: 'error', words: `lengths_file ${name}: a trace needs a column arrival_s` };
  if (rows.prompt.length < count) {
    return { status: 'error', words: `lengths_file ${name}: ${rows.prompt.length} rows, num_requests is ${count}` };
  }
  const cut = { prompt: rows.prompt.slice(0, count), output: rows.output.slice(0, count) };
  return { ...scaleLengths(cut, input), arrival: rows.arrival.slice(0, count) };
}

/** Whole numbers from floor(r L) to L, or L itself. */
function rangeOf(length: number, spread: number) {
  if (spread === 1) return { kind: 'fixed' as const, value: length };
  return { kind: 'uniform' as const, min: Math.max(1, Math.floor(spread * length)), max: Math.floor(length) };
}

/** Each length times its scale, halves up, at least 1. */
function scaleLengths({ prompt, output }: Lengths, { input_scale, output_scale }: CaseInput): Lengths {
  const scale = (by: number) => (length: number) => Math.max(1, Math.floor(length * by + 0.5));
  return { prompt: prompt.map(scale(input_scale)), output: output.map(scale(output_scale)) };
}
