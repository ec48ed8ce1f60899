// Reads every trace folder of known layout below one folder, with all mistakes told at once.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Attribution } from '../../src/calibrate/attribution.ts';
import { LAYOUTS, type Layout, type Traces } from '../../src/calibrate/measurement.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { readAiconfigurator } from './read-aiconfigurator.ts';
import { readAiter } from './read-aiter.ts';
import { readLlmcompass } from './read-llmcompass.ts';
import { readLlmservingsim } from './read-llmservingsim.ts';
import { readNewOps } from './read-new-ops.ts';
import { readProfiles } from './read-profiles.ts';
import { readVidur } from './read-vidur.ts';

const READERS: Record<Layout, (folder: string, known: ReadonlySet<string>, issues: Issue[]) => Traces> = {
  profile: readProfiles,
  aiconfigurator: readAiconfigurator,
  new_ops: readNewOps,
  llmservingsim: readLlmservingsim,
  vidur: readVidur,
  aiter: readAiter,
  llmcompass: readLlmcompass,
};

export interface TraceFolder extends Traces {
  readonly attribution: Readonly<Record<Layout, Attribution>>;
}

/** `known`: ids of catalog hardware. Throws a UserError with every issue of every file. */
export function readTraces(folder: string, known: ReadonlySet<string>): TraceFolder {
  const issues: Issue[] = [];
  const all: Traces = { ops: [], links: [], notes: [] };
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UserError([{ path: folder, expected: 'a folder of traces', received: 'nothing there' }]);
  }
  const names = readdirSync(folder).sort();
  const found = LAYOUTS.filter((layout) => names.includes(layout));
  if (found.length === 0) {
    const expected = `at least one of the folders ${LAYOUTS.join(', ')}`;
    throw new UserError([{ path: folder, expected, received: names.slice(0, 8).join(', ') || 'an empty folder' }]);
  }
  for (const layout of found) {
    const part = READERS[layout](join(folder, layout), known, issues);
    all.ops.push(...part.ops);
    all.links.push(...part.links);
    all.notes.push(...part.notes);
  }
  for (const name of names)
    if (!found.includes(name as Layout)) all.notes.push(`${name}: not a known layout, not read`);
  if (issues.length > 0) throw new UserError(issues);
  return { ...all, attribution: readAttribution(folder) };
}

/** Sources and licences from the table of a DATA.md in the folder or beside it: | kernels/<layout>... | ... | source | licence |. */
function readAttribution(folder: string): Record<Layout, Attribution> {
  const own = { source: `traces in ${basename(folder)}`, licence: 'not stated' };
  const found = Object.fromEntries(LAYOUTS.map((layout) => [layout, own])) as Record<Layout, Attribution>;
  const file = [join(folder, 'DATA.md'), join(folder, '..', 'DATA.md')].find((path) => existsSync(path));
  if (!file) return found;
  let last = own;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 7) continue;
    const [source, licence] = [cells.at(-3)!, cells.at(-2)!]; // from the end: a path may hold a bar
    last = { source: source === 'same' ? last.source : source, licence: licence === 'same' ? last.licence : licence };
    const layout = LAYOUTS.find((name) => cells[1]?.includes(`${name}/`));
    if (layout && found[layout] === own) found[layout] = last;
  }
  return found;
}
