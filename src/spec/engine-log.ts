// Reads an engine's start-up log: how many tokens of KV it found room for, and what it says of memory beside that.

/** A whole number that a log states, and the line it stands in. */
export interface Stated {
  readonly value: number;
  readonly line: number;
}

export interface EngineLog {
  readonly file: string;
  readonly engine: 'vLLM' | 'SGLang' | 'TensorRT-LLM';
  /** KV tokens of one engine (of one attention group): the smallest that its workers state. Absent where blocks are stated. */
  readonly tokens?: number;
  /** KV blocks of it, where the log counts blocks and does not say of how many tokens. */
  readonly blocks?: number;
  /** Where that stands, and its words. */
  readonly line: number;
  readonly quote: string;
  /** So many requests of `length` tokens fit, rounded to hundredths (vLLM V1). */
  readonly fits?: { readonly length: number; readonly requests: number };
  /** Worked out from a rounded number of requests: good to half a hundredth of one. */
  readonly rounded?: boolean;
  /** Bytes per device, where the log says them. */
  readonly weightsBytes?: number;
  readonly activationBytes?: number;
  readonly kvBytes?: number;
  /** Options of the engine that a spec has too. */
  readonly options: Readonly<Partial<Record<LoggedOption, Stated>>>;
}

export const LOGGED_OPTIONS = [
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'block_size',
] as const;
export type LoggedOption = (typeof LOGGED_OPTIONS)[number];

/** Why a text is no log that can be used. */
export interface NoLog {
  readonly expected: string;
  readonly received: string;
  readonly line?: number;
}

interface Found extends Stated {
  readonly quote: string;
}

const GIB = 2 ** 30;
/** Words that one start of an engine prints once: figures of an earlier start in the same file are not its own. */
const START = /vLLM API server version|server_args=ServerArgs\(/;

/** vLLM up to 0.7 counts blocks ("# GPU blocks", or the platform: "# cuda blocks"), later versions tokens. */
const VLLM_BLOCKS = /# (?!CPU\b)\w+ blocks: ([\d,]+)/;
const VLLM_TOKENS = /(?:\w+ )?KV cache size: ([\d,]+) tokens/;
const VLLM_REQUESTS = /Maximum concurrency for ([\d,]+) tokens per request: ([\d.,]+)x/;
const VLLM_SHARES =
  /model weights take ([\d.]+) ?GiB;.*?activation peak memory takes ([\d.]+) ?GiB;.*?KV Cache is ([\d.]+) ?GiB/i;
/** Written "GB" before 0.7, counted in 2^30 always. */
const VLLM_WEIGHTS = /(?:Loading model weights|Model loading) took ([\d.]+) (?:GB|GiB)/;
const VLLM_KV = /Available KV cache memory: ([\d.]+) GiB/;
const SGLANG_TOKENS = /max_total_num_tokens=(\d+)/;
const SGLANG_WEIGHTS = /Load weight end\b.*?mem usage=([\d.]+) GB/;
const TRTLLM_TOKENS = /Allocated [\d.]+ GiB for max tokens in paged KV cache \((\d+)\)/;
const TRTLLM_KV = /Allocated ([\d.]+) GiB for max tokens in paged KV cache/;

const OPTION_NAMES: Record<LoggedOption, RegExp> = {
  tensor_parallel_size: /\b(?:tensor_parallel_size|tp_size)['"]?\s*[=:]\s*(\d+)/,
  pipeline_parallel_size: /\b(?:pipeline_parallel_size|pp_size)['"]?\s*[=:]\s*(\d+)/,
  data_parallel_size: /\b(?:data_parallel_size|dp_size)['"]?\s*[=:]\s*(\d+)/,
  block_size: /\b(?:block_size|page_size)['"]?\s*[=:]\s*(\d+)/,
};

/** The log in `text`, or why it is none. */
export function parseEngineLog(text: string, file: string): EngineLog | NoLog {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours
  const lines = text.split(/\r?\n/).map((line) => line.replace(/\u001b\[[\d;]*m/g, ''));
  const from = Math.max(
    0,
    lines.findLastIndex((line) => START.test(line)),
  );
  const all = (pattern: RegExp) => findAll(lines, from, pattern);
  const [blocks, tokens, requests] = [VLLM_BLOCKS, VLLM_TOKENS, VLLM_REQUESTS].map(all);
  const [sglang, trtllm] = [SGLANG_TOKENS, TRTLLM_TOKENS].map(all);
  const spoken = [blocks!.length + tokens!.length + requests!.length, sglang!.length, trtllm!.length];
  if (spoken.filter((count) => count > 0).length > 1) {
    const received = 'lines of more than one engine';
    return { expected: 'the start-up log of one engine', received, line: (sglang![0] ?? trtllm![0]!).line };
  }
  const options = readOptions(lines, from);
  const figures = { file, options, ...bytesOf(lines, from) };
  // TensorRT-LLM allocates a small cache to measure with, then the real one: its last word counts
  if (trtllm!.length > 0) return withTokens({ engine: 'TensorRT-LLM', ...figures }, trtllm![trtllm!.length - 1]!);
  if (sglang!.length > 0) return withTokens({ engine: 'SGLang', ...figures }, least(sglang!));
  if (tokens!.length > 0) return withTokens({ engine: 'vLLM', ...figures, ...fitsOf(requests!) }, least(tokens!));
  if (blocks!.length > 0) return withBlocks({ engine: 'vLLM', ...figures }, least(blocks!), options.block_size);
  if (requests!.length > 0) return withRequests({ engine: 'vLLM', ...figures }, requests!);
  return {
    expected:
      'a start-up log that says how much KV fits: "GPU KV cache size: ... tokens" or "# GPU blocks: ..." of vLLM, ' +
      '"max_total_num_tokens=..." of SGLang, "Allocated ... GiB for max tokens in paged KV cache (...)" of TensorRT-LLM',
    received: text.trim() === '' ? 'an empty file' : `${lines.length} lines without such a one`,
  };
}

/** Where its figure stands, and in which words. */
export function logWords({ engine, file, line, quote, rounded }: EngineLog): string {
  return `${engine}'s start-up log, ${file}:${line} "${quote}"${rounded ? ', rounded there' : ''}`;
}

export function isNoLog(log: EngineLog | NoLog): log is NoLog {
  return 'expected' in log;
}

type Figures = Pick<EngineLog, 'engine' | 'file' | 'options' | 'fits' | 'weightsBytes' | 'activationBytes' | 'kvBytes'>;

function withTokens(figures: Figures, { value, line, quote }: Found): EngineLog | NoLog {
  return value > 0 ? { ...figures, tokens: value, line, quote } : noRoom(quote, line);
}

function withBlocks(figures: Figures, { value, line, quote }: Found, size: Stated | undefined): EngineLog | NoLog {
  if (!(value > 0)) return noRoom(quote, line);
  return { ...figures, ...(size ? { tokens: value * size.value } : { blocks: value }), line, quote };
}

/** So many requests of so many tokens fit: two digits after the point. */
function withRequests(figures: Figures, found: readonly Found[]): EngineLog | NoLog {
  const each = found.map((one) => {
    const [, length, count] = VLLM_REQUESTS.exec(one.quote)!;
    return { ...one, value: Math.floor(toNumber(length!) * toNumber(count!)) };
  });
  const log = withTokens({ ...figures, ...fitsOf(found) }, least(each));
  return isNoLog(log) ? log : { ...log, rounded: true };
}

/** The fewest requests that a worker has room for. */
function fitsOf(found: readonly Found[]): Pick<EngineLog, 'fits'> {
  if (found.length === 0) return {};
  const pairs = found.map(
    ({ quote }) => VLLM_REQUESTS.exec(quote)!.slice(1).map(toNumber) as [length: number, requests: number],
  );
  const [length, requests] = pairs.reduce((a, b) => (b[0] * b[1] < a[0] * a[1] ? b : a));
  return { fits: { length, requests } };
}

function noRoom(quote: string, line: number): NoLog {
  return { expected: 'an engine that found room for its KV cache', received: quote, line };
}

function findAll(lines: readonly string[], from: number, pattern: RegExp): Found[] {
  const found: Found[] = [];
  for (let i = from; i < lines.length; i++) {
    const match = pattern.exec(lines[i]!);
    if (match) found.push({ value: toNumber(match[1]!), line: i + 1, quote: match[0] });
  }
  return found;
}

const toNumber = (text: string): number => Number(text.replaceAll(',', ''));

/** Workers of one engine may find room for different amounts: the least decides. */
function least(found: readonly Found[]): Found {
  return found.reduce((a, b) => (b.value < a.value ? b : a));
}

/** The last of each: what the user passed comes first, what the engine made of it after. */
function readOptions(lines: readonly string[], from: number): EngineLog['options'] {
  const options: Partial<Record<LoggedOption, Stated>> = {};
  for (const name of LOGGED_OPTIONS) {
    const found = findAll(lines, from, OPTION_NAMES[name]).at(-1);
    if (found && found.value > 0) options[name] = { value: found.value, line: found.line };
  }
  return options;
}

/** What the log says of memory; the largest where its workers differ. */
function bytesOf(lines: readonly string[], from: number) {
  const most = (pattern: RegExp) => {
    const found = findAll(lines, from, pattern);
    return found.length === 0 ? undefined : GIB * Math.max(...found.map(({ value }) => value));
  };
  const shares = findAll(lines, from, VLLM_SHARES).map(({ quote }) => VLLM_SHARES.exec(quote)!.slice(1).map(Number));
  const share = (place: number) =>
    shares.length === 0 ? undefined : GIB * Math.max(...shares.map((parts) => parts[place]!));
  const weightsBytes = share(0) ?? most(VLLM_WEIGHTS) ?? most(SGLANG_WEIGHTS);
  const activationBytes = share(1);
  const kvBytes = share(2) ?? most(VLLM_KV) ?? most(TRTLLM_KV);
  return {
    ...(weightsBytes === undefined ? {} : { weightsBytes }),
    ...(activationBytes === undefined ? {} : { activationBytes }),
    ...(kvBytes === undefined ? {} : { kvBytes }),
  };
}
