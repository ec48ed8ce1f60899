// Reads Splitwise's table of prompt and token times: every row is a batch, its prompt step and the mean of its token steps.
import type { Issue } from '../../check/issue.ts';
import { type ColumnKind, readTable } from '../csv.ts';
import { findName, type StepNames } from './names.ts';
import type { Placed } from './read-steps.ts';

/** Splitwise names its GPUs by memory; runs under a power cap are another machine. */
const SPLITWISE_HARDWARE: Record<string, string> = { 'a100-80gb': 'a100-sxm-80gb', 'h100-80gb': 'h100-sxm-80gb' };
const SPLITWISE_MODELS: Record<string, string> = { 'llama2-70b': 'llama-2-70b', 'bloom-176b': 'bloom-176b' };

/** Every row is a batch: its prompts in one step, and the mean of the steps that follow; 16 bits, an early vLLM, times in ms. */
export function readSplitwise(file: string, names: StepNames, notes: string[], issues: Issue[]): Placed[] {
  const sizes = ['prompt_size', 'batch_size', 'token_size', 'prompt_time', 'token_time', 'tensor_parallel'];
  const columns: Record<string, ColumnKind> = { model: 'text', hardware: 'text' };
  for (const name of sizes) columns[name] = 'positive';
  const table = readTable(file, columns, issues);
  if (!table) return [];
  let capped = 0;
  const placed: Placed[] = [];
  for (let i = 0; i < table.length; i++) {
    const hardware = table.text('hardware')[i]!;
    if (hardware.endsWith('-pcap')) {
      capped++;
      continue;
    }
    const word = table.text('model')[i]!;
    const cell = (name: string) => table.number(name)[i]!;
    const at = { file, line: i + 2 };
    const model = findName('models', 'model', SPLITWISE_MODELS[word] ?? word, at, names, issues);
    const device = findName('hardware', 'hardware', SPLITWISE_HARDWARE[hardware] ?? hardware, at, names, issues);
    if (model === null || device === null) break;
    const profile = names.find('engines', 'vllm-2023');
    const shared = { model, hardware: device, tp: cell('tensor_parallel'), pp: 1 };
    const deployment = { ...shared, quantization: 'fp16', profile } as const;
    const batch = cell('batch_size');
    const prompt = cell('prompt_size');
    const tokens = batch * prompt;
    const pairs = (tokens * (prompt + 1)) / 2;
    const first = { promptTokens: tokens, sequences: batch, decodes: 0, newTokens: tokens, contextTokens: 0, pairs };
    const context = batch * (prompt + cell('token_size') / 2);
    const next = {
      promptTokens: 0,
      sequences: batch,
      decodes: batch,
      newTokens: batch,
      contextTokens: context,
      pairs: 0,
    };
    placed.push({ deployment, row: { ...first, line: i + 2, seconds: cell('prompt_time') * 1e-3 } });
    if (cell('token_size') > 1)
      placed.push({ deployment, row: { ...next, line: i + 2, seconds: cell('token_time') * 1e-3 } });
  }
  if (capped > 0) notes.push(`${capped} rows under a power cap, not read`);
  return placed;
}
