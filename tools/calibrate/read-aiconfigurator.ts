// Reads traces laid out as <device>.{gemm,attention_prefill,attention_decode,moe,collectives}.csv, times in microseconds.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from '../../src/calibrate/csv.ts';
import { addTable, COLUMNS, DEVICES, type TableKind } from '../../src/calibrate/kernel-tables.ts';
import { SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import type { Issue } from '../../src/check/issue.ts';
import { nearest } from '../../src/check/nearest.ts';

export function readAiconfigurator(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('aiconfigurator');
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    const match = /^(.+)\.(gemm|attention_prefill|attention_decode|moe|collectives)\.csv$/.exec(name);
    if (!match) {
      traces.notes.push(`${name}: not a trace of this layout, not read`);
      continue;
    }
    const device = DEVICES[match[1]] ?? match[1];
    if (!known.has(device)) {
      const hint = `nearest: ${nearest(device, [...known, ...Object.keys(DEVICES)]).join(', ') || 'none'}`;
      issues.push({ path: name, expected: '<catalog hardware id>.<table>.csv', received: match[1], file, hint });
      continue;
    }
    const table = readTable(file, COLUMNS[match[2] as TableKind], issues);
    if (table) addTable(match[2] as TableKind, table, device, ops, traces, issues);
  }
  traces.ops.push(...ops.list());
  return traces;
}
