// Request files of one JSON object a line: what their fields are called, in which units, and how turns are linked.

import type { TraceFormat } from './rows.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Names of fields have a dot between those of nested ones. */
export interface LineFormat extends TraceFormat {
  /** A field that only this format has. */
  readonly mark?: string;
  /** Units of the time column in one second. */
  readonly perSecond: number;
  /** s after which the recorded clock starts again at 0; 0 = never. */
  readonly wrap: number;
  /** Tokens per hash id; 0 = it has none. */
  readonly block: number;
  /** Lines are in the order in which requests ended: they are put in order of time. */
  readonly sorts: boolean;
  /** Which field names the conversation, or the turn itself and the one before. */
  readonly session?: string;
  readonly parent?: { readonly own: string; readonly before: string };
}

/** Milliseconds and blocks of 512 tokens. Source: README of the Mooncake traces (github.com/kvcache-ai/Mooncake). */
const MOONCAKE: LineFormat = {
  format: 'Mooncake trace',
  time: 'timestamp',
  prompt: 'input_length',
  output: 'output_length',
  perSecond: 1000,
  fromFirst: true,
  zeroOutputIsOne: true,
  wrap: 0,
  block: 512,
  sorts: false,
  session: 'session_id',
};
/** Its README calls it one week; it is two, and its clock of seconds starts again after the first (the session ids tell). */
const RAGPULSE: LineFormat = { ...MOONCAKE, format: 'RAGPulse trace', perSecond: 1, wrap: 7 * 86400, block: 0 };
/** Seconds and blocks of 16 tokens. Source: README of the Qwen-Bailian traces (github.com/alibaba-edu/qwen-bailian-usagetraces-anon). */
const BAILIAN: LineFormat = {
  ...MOONCAKE,
  format: 'Bailian trace',
  mark: 'parent_chat_id',
  perSecond: 1,
  block: 16,
  parent: { own: 'chat_id', before: 'parent_chat_id' },
};
const SERVING_SIM: LineFormat = {
  ...MOONCAKE,
  format: 'LLMServingSim trace',
  time: 'arrival_time_ns',
  prompt: 'input_toks',
  output: 'output_toks',
  perSecond: 1e9,
  block: 0,
};
const AIPERF: LineFormat = {
  ...MOONCAKE,
  format: 'AIPerf profile export',
  time: 'metadata.request_start_ns',
  prompt: 'metrics.input_sequence_length.value',
  output: 'metrics.output_sequence_length.value',
  perSecond: 1e9,
  block: 0,
  sorts: true,
  session: 'metadata.x_correlation_id',
};
/** What OpenAI's API and LiteLLM log: seconds since 1970. */
const USAGE: LineFormat = {
  ...MOONCAKE,
  format: 'usage log',
  time: 'created',
  prompt: 'usage.prompt_tokens',
  output: 'usage.completion_tokens',
  perSecond: 1,
  block: 0,
  sorts: true,
};
const FLAT_USAGE: LineFormat = { ...USAGE, prompt: 'prompt_tokens', output: 'completion_tokens' };
const LITELLM: LineFormat = { ...FLAT_USAGE, format: 'LiteLLM log', time: 'startTime', mark: 'startTime' };
const OWN: LineFormat = {
  format: 'request list',
  time: 'arrival_s',
  prompt: 'prompt_tokens',
  output: 'output_tokens',
  perSecond: 1,
  fromFirst: false,
  zeroOutputIsOne: false,
  wrap: 0,
  block: 0,
  sorts: false,
};

/** In the order in which they are tried. */
const FORMATS: readonly LineFormat[] = [OWN, USAGE, LITELLM, FLAT_USAGE, AIPERF, SERVING_SIM, BAILIAN, MOONCAKE];

/** Requests of one agent in LLMServingSim's traces: each comes a tool call after the end of the one before. */
export const PARTS = 'sub_requests';

/** The value of a field, however deep; undefined where it is not there. */
export function fieldOf(fields: Fields, name: string): unknown {
  let value: unknown = fields;
  for (const key of name.split('.')) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

/** The format that a file's first line has; null where it is none. */
export function pickFormat(first: Fields): LineFormat | null {
  if (Array.isArray(first[PARTS])) return SERVING_SIM;
  const has = (name: string | undefined) => name === undefined || fieldOf(first, name) !== undefined;
  const found = FORMATS.find(({ prompt, output, mark }) => has(prompt) && has(output) && has(mark)) ?? null;
  // both call their fields alike, but RAGPulse's hash ids are grouped by part, and its times are texts
  const { hash_ids: ids, timestamp } = first;
  const grouped = ids !== null && typeof ids === 'object' && !Array.isArray(ids);
  return found === MOONCAKE && (grouped || typeof timestamp === 'string') ? RAGPULSE : found;
}

/** The format that a line has most fields of, in words. */
export function nearestFormat(first: Fields | null): string {
  const words = ({ format, time, prompt, output }: LineFormat) => `${time}, ${prompt}, ${output} (${format})`;
  const count = ({ time, prompt, output }: LineFormat) =>
    [time, prompt, output].filter((name) => first && fieldOf(first, name) !== undefined).length;
  const most = Math.max(...FORMATS.map(count));
  const nearest = FORMATS.filter((format) => most > 0 && count(format) === most);
  return (nearest.length > 0 ? nearest : FORMATS).map(words).join(' | ');
}
