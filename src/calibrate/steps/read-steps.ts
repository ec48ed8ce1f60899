// Reads traces of whole engine steps: our own steps.csv with columns that say what ran, and the prompt and token times of Splitwise.
import { WEIGHT_FORMATS } from '../../catalog/schema-words.ts';
import type { WeightFormat } from '../../catalog/types.ts';
import { groupBy } from '../../check/group-by.ts';
import { type Issue, show } from '../../check/issue.ts';
import type { StepQuantities } from '../../plan/step-regression.ts';
import { type ColumnKind, headerOf, readTable, type Table } from '../csv.ts';
import { findName, type StepNames } from './names.ts';
import { readSplitwise } from './read-splitwise.ts';

/** What ran; from columns of the trace, or said once for all of it. */
export interface StepDeployment {
  readonly model: string;
  readonly hardware: string;
  readonly tp: number;
  readonly pp: number;
  readonly quantization: WeightFormat | null;
  readonly profile: string | null;
}

export interface StepRow extends StepQuantities {
  readonly line: number;
  readonly decodes: number;
  readonly seconds: number;
}

export interface StepSeries {
  readonly deployment: StepDeployment;
  readonly file: string;
  readonly rows: readonly StepRow[];
}

export interface StepTraces {
  readonly series: StepSeries[];
  readonly notes: string[];
}

/** Columns of the duration, with what one of their unit is in seconds. */
const DURATIONS = { duration_s: 1, duration_ms: 1e-3, duration_us: 1e-6 } as const;
/** Columns that say what ran, and the flag that says it for the whole trace. */
export const DEPLOYED = { model: '--model', hardware: '--hardware', tp: '--tp', pp: '--pp' } as const;

/** Whether a header is that of a step trace. */
export function isStepHeader(header: readonly string[]): boolean {
  return (
    isSplitwise(header) ||
    (header.includes('prefill_tokens') && header.some((name) => /^duration\b|^duration_/.test(name)))
  );
}

const isSplitwise = (header: readonly string[]): boolean =>
  header.includes('prompt_time') && header.includes('token_time');

/** The trace's steps by deployment; what is wrong is told in `issues`. */
export function readSteps(file: string, given: Partial<StepDeployment>, names: StepNames, issues: Issue[]): StepTraces {
  const header = headerOf(file);
  const notes: string[] = [];
  const rows = isSplitwise(header)
    ? readSplitwise(file, names, notes, issues)
    : readOwn(file, header, given, names, issues);
  const groups = [...groupBy(rows, ({ deployment }) => JSON.stringify(deployment)).values()];
  const series = groups.map((group) => ({ deployment: group[0].deployment, file, rows: group.map(({ row }) => row) }));
  return { series, notes };
}

/** A step and what ran it. */
export interface Placed {
  readonly deployment: StepDeployment;
  readonly row: StepRow;
}

function readOwn(
  file: string,
  header: readonly string[],
  given: Partial<StepDeployment>,
  names: StepNames,
  issues: Issue[],
): Placed[] {
  const before = issues.length;
  const unit = durationOf(file, header, issues);
  const columns: Record<string, ColumnKind> = {
    [unit]: 'positive',
    prefill_tokens: 'nonnegative',
    sequences: 'positive',
    context_tokens: 'nonnegative',
    ...optional(header, { chunks: 'nonnegative', past_tokens: 'nonnegative', prefill_pairs: 'nonnegative' }),
    ...optional(header, { model: 'text', hardware: 'text', tp: 'positive', pp: 'positive' }),
    ...optional(header, { precision: 'text', engine: 'text' }),
  };
  const table = readTable(file, columns, issues);
  for (const [name, flag] of Object.entries(DEPLOYED)) {
    if (name === 'pp' || header.includes(name) || given[name as keyof StepDeployment] !== undefined) continue;
    issues.push({ path: name, expected: `a column of this name, or ${flag}`, received: 'neither', file, line: 1 });
  }
  if (!table || issues.length > before) return [];
  const deployments = readDeployments(table, header, given, names, issues);
  const rows = Array.from({ length: table.length }, (_, i) => rowOf(table, header, unit, i, issues));
  return issues.length > before ? [] : rows.map((row, i) => ({ deployment: deployments[i]!, row: row! }));
}

function optional(header: readonly string[], columns: Record<string, ColumnKind>): Record<string, ColumnKind> {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => header.includes(name)));
}

function durationOf(file: string, header: readonly string[], issues: Issue[]): keyof typeof DURATIONS {
  const found = (Object.keys(DURATIONS) as (keyof typeof DURATIONS)[]).filter((name) => header.includes(name));
  if (found.length === 1) return found[0]!;
  const received = found.length === 0 ? `columns ${header.join(', ')}` : found.join(' and ');
  const expected = `one duration, with its unit: ${Object.keys(DURATIONS).join(', ')}`;
  if (found.length > 1 || header.includes('duration'))
    issues.push({ path: 'duration', expected, received, file, line: 1 });
  return found[0] ?? 'duration_s';
}

/** Mistakes of meaning told per file; the rest would only repeat them. */
const ROWS_TOLD = 5;

function rowOf(
  table: Table,
  header: readonly string[],
  unit: keyof typeof DURATIONS,
  i: number,
  issues: Issue[],
): StepRow | null {
  const cell = (name: string) => table.number(name)[i]!;
  const line = i + 2;
  const promptTokens = cell('prefill_tokens');
  const sequences = cell('sequences');
  const chunks = header.includes('chunks')
    ? cell('chunks')
    : guessChunks(promptTokens, sequences, cell('context_tokens'));
  const decodes = sequences - chunks;
  const tell = (path: string, expected: string, received: string) => {
    if (issues.filter((issue) => issue.file === table.file).length < ROWS_TOLD)
      issues.push({ path, expected, received, file: table.file, line });
    return null;
  };
  for (const name of ['prefill_tokens', 'sequences', 'context_tokens'] as const)
    if (!Number.isInteger(cell(name))) return tell(name, 'a whole number', String(cell(name)));
  if (promptTokens < chunks || (promptTokens > 0 && chunks === 0))
    return tell('prefill_tokens', `at least one token in each of ${chunks} chunks`, String(promptTokens));
  if (decodes < 0) return tell('sequences', `at least the ${chunks} chunks`, String(sequences));
  if (decodes === 0 && cell('context_tokens') > 0)
    return tell('context_tokens', '0 where no sequence decodes', String(cell('context_tokens')));
  const pairs = header.includes('prefill_pairs')
    ? cell('prefill_pairs')
    : pairsOf(promptTokens, chunks, header.includes('past_tokens') ? cell('past_tokens') : 0);
  const seconds = cell(unit) * DURATIONS[unit]!;
  const newTokens = promptTokens + decodes;
  return { line, promptTokens, sequences, decodes, newTokens, contextTokens: cell('context_tokens'), pairs, seconds };
}

/** Where no column counts them: all sequences where nothing decodes, else one, as most steps of an engine have. */
function guessChunks(promptTokens: number, sequences: number, context: number): number {
  if (promptTokens === 0) return 0;
  return context === 0 ? sequences : 1;
}

/** Of chunks of equal length whose pasts are alike. */
function pairsOf(tokens: number, chunks: number, past: number): number {
  if (chunks === 0) return 0;
  const each = tokens / chunks;
  return chunks * ((each * past) / chunks + (each * (each + 1)) / 2);
}

function readDeployments(
  table: Table,
  header: readonly string[],
  given: Partial<StepDeployment>,
  names: StepNames,
  issues: Issue[],
): StepDeployment[] {
  const text = (name: string, i: number) => (header.includes(name) ? table.text(name)[i] : undefined);
  const count = (name: 'tp' | 'pp', i: number) => (header.includes(name) ? table.number(name)[i] : undefined);
  const known = new Map<string, string | null>();
  const find = (kind: 'models' | 'hardware' | 'engines', column: string, word: string, line: number) => {
    const key = `${kind} ${word}`;
    if (!known.has(key)) known.set(key, findName(kind, column, word, { file: table.file, line }, names, issues));
    return known.get(key) ?? word;
  };
  return Array.from({ length: table.length }, (_, i) => {
    const line = i + 2;
    const model = text('model', i);
    const hardware = text('hardware', i);
    const engine = text('engine', i);
    const precision = text('precision', i);
    if (
      precision !== undefined &&
      !(WEIGHT_FORMATS as readonly string[]).includes(precision) &&
      !known.has(precision)
    ) {
      known.set(precision, null);
      const expected = `one of ${WEIGHT_FORMATS.join(', ')}`;
      issues.push({ path: 'precision', expected, received: show(precision), file: table.file, line });
    }
    return {
      model: model === undefined ? given.model! : find('models', 'model', model, line),
      hardware: hardware === undefined ? given.hardware! : find('hardware', 'hardware', hardware, line),
      tp: count('tp', i) ?? given.tp!,
      pp: count('pp', i) ?? given.pp ?? 1,
      quantization: precision === undefined ? (given.quantization ?? null) : (precision as WeightFormat),
      profile: engine === undefined ? (given.profile ?? null) : find('engines', 'engine', engine, line),
    };
  });
}
