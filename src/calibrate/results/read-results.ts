// Reads what benchmarks of a served model leave behind: results of `vllm bench serve`, profiles of AIPerf, reports of GuideLLM.
import { parseJson } from '../../catalog/check-entry.ts';
import { type Issue, show, UserError } from '../../check/issue.ts';
import { isRecord, type Json, tryJson } from '../../check/python-json.ts';
import { readTextFile } from '../../check/text-file.ts';
import type { MeasuredRun, Place } from './measured-run.ts';
import { readAiperf } from './read-aiperf.ts';
import { readBenchServe } from './read-bench-serve.ts';
import { readGuidellm } from './read-guidellm.ts';

/** Whether a file looks like a benchmark's result at all. */
export function isResultFile(file: string): boolean {
  return /\.jsonl?$/i.test(file);
}

/** The runs of a file; what is wrong is told in `issues`. */
export function readResults(file: string, issues: Issue[]): MeasuredRun[] {
  const documents = parseAll(readTextFile(file, { path: 'result', expected: 'a readable result file' }), file, issues);
  const parts = documents.flatMap(({ fields, line }) =>
    // a report of GuideLLM holds a benchmark per load
    Array.isArray(fields.benchmarks)
      ? fields.benchmarks.filter(isRecord).map((one) => ({ fields: one, line }))
      : [{ fields, line }],
  );
  return parts.flatMap(({ fields, line }, i, all) => {
    const name = all.length > 1 ? `${file}:${documents.length > 1 ? line : i + 1}` : file;
    const run = readOne(fields, { file, line, name }, issues);
    return run ? [run] : [];
  });
}

function readOne(fields: Json, place: Place, issues: Issue[]): MeasuredRun | null {
  if ('mean_ttft_ms' in fields || 'mean_tpot_ms' in fields) return readBenchServe(fields, place, issues);
  if (isRecord(fields.time_to_first_token) || isRecord(fields.inter_token_latency))
    return readAiperf(fields, place, issues);
  if (isRecord(fields.metrics) && isRecord(fields.metrics.inter_token_latency_ms))
    return readGuidellm(fields, place, issues);
  issues.push({
    path: 'result',
    expected:
      'a result of vllm bench serve (mean_ttft_ms, mean_tpot_ms, ...), of AIPerf (time_to_first_token, ...) or of GuideLLM (benchmarks)',
    received: `the fields ${Object.keys(fields).slice(0, 8).join(', ') || 'of nothing'}`,
    file: place.file,
    line: place.line,
  });
  return null;
}

/** One document, or one a line (--append-result). */
function parseAll(text: string, file: string, issues: Issue[]): { fields: Json; line: number }[] {
  const whole = tryJson(text);
  if (isRecord(whole)) return [{ fields: whole, line: 1 }];
  if (Array.isArray(whole) && whole.length > 0 && whole.every(isRecord))
    return whole.map((fields, i) => ({ fields, line: i + 1 }));
  const lines = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line: i + 1, text: line }]));
  const found: { fields: Json; line: number }[] = [];
  for (const { line, text: one } of lines) {
    const fields = tryJson(one);
    if (isRecord(fields)) found.push({ fields, line });
    else if (issues.every((issue) => issue.file !== file))
      issues.push(...breakOf(found.length > 0 ? one : text, file, line));
  }
  if (lines.length === 0) issues.push({ path: 'result', expected: 'JSON', received: 'an empty file', file, line: 1 });
  return found;
}

/** Where and at what a text stops being JSON. */
function breakOf(text: string, file: string, line: number): readonly Issue[] {
  try {
    parseJson(text, file);
  } catch (error) {
    if (error instanceof UserError)
      return error.issues.map((issue) => ({ ...issue, line: (issue.line ?? 1) + line - 1 }));
  }
  return [{ path: 'result', expected: 'an object', received: show(text.trim()), file, line }];
}
