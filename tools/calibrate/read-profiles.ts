// Reads a folder of profiles of kernels, each <hardware id>.csv.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openCsv } from '../../src/calibrate/csv.ts';
import type { Traces } from '../../src/calibrate/measurement.ts';
import { deviceOf, readKernels } from '../../src/calibrate/read-kernels.ts';
import type { Issue } from '../../src/check/issue.ts';

export function readProfiles(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (!name.endsWith('.csv')) {
      traces.notes.push(`${name}: not a profile, not read`);
      continue;
    }
    const device = deviceOf(file, undefined, known, issues);
    if (device === null) continue;
    const part = readKernels(openCsv(file), device, 'profile', issues);
    traces.ops.push(...part.ops);
    traces.links.push(...part.links);
    traces.notes.push(...part.notes);
  }
  return traces;
}
