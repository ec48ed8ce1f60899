// One request to the server and its streamed answer: when its tokens came.
import { type Endpoint, headersOf, tellable } from './endpoint.ts';

/** What became of a request; times in s since the observation began. */
export interface Answer {
  readonly sent: number;
  /** NaN where no token came. */
  readonly first: number;
  readonly end: number;
  /** Between tokens that came apart, in their order. */
  readonly gaps: readonly number[];
  /** As the server counts them, else as they were sent and came. */
  readonly prompt: number;
  readonly output: number;
  /** '' where the answer came whole. */
  readonly error: string;
}

export interface Asked {
  readonly model: string;
  readonly prompt: readonly number[];
  readonly output: number;
}

/** Sends a request and follows its answer. Never throws: a failure is an answer with an error. `silence`: s without a word after which it is given up. */
export async function ask(
  endpoint: Endpoint,
  { model, prompt, output }: Asked,
  now: () => number,
  silence: number,
  stop: AbortSignal,
): Promise<Answer> {
  const abort = new AbortController();
  const end = () => abort.abort();
  stop.addEventListener('abort', end, { once: true });
  let late = false;
  const wait = () =>
    setTimeout(() => {
      late = true;
      abort.abort();
    }, silence * 1000);
  let timer = wait();
  const seen = openSeen(now(), prompt.length);
  try {
    const response = await fetch(`${endpoint.base}/completions`, {
      method: 'POST',
      headers: headersOf(endpoint),
      body: JSON.stringify({
        ...{ model, prompt, max_tokens: output, ignore_eos: true, temperature: 0 },
        ...{ stream: true, stream_options: { include_usage: true } },
      }),
      redirect: 'error', // the key is not for others
      signal: abort.signal,
    });
    if (!response.ok) {
      const words = tellable(endpoint, await response.text());
      return seen.failed(now(), `HTTP ${response.status}${words === '' ? '' : `: ${words}`}`);
    }
    if (response.body === null) return seen.failed(now(), 'an answer without a body');
    const events = openEvents();
    for await (const bytes of response.body) {
      clearTimeout(timer);
      timer = wait();
      const at = now();
      for (const event of events.take(bytes)) {
        const problem = seen.event(event, at);
        if (problem !== null) return seen.failed(at, tellable(endpoint, problem));
      }
    }
    return seen.ended(now());
  } catch (error) {
    if (stop.aborted) return seen.failed(now(), 'ended before its answer');
    return seen.failed(now(), late ? `silent for ${silence} s` : tellable(endpoint, wordsOf(error)));
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}

/** What of a failed fetch says something: its cause. */
export function wordsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message === '' ? (code ?? cause.name) : cause.message;
}

const DONE = '[DONE]';

/** What of a stream has come so far. */
function openSeen(sent: number, prompt: number) {
  let [first, last] = [Number.NaN, Number.NaN];
  let counted = 0;
  let usage: { readonly prompt: number; readonly output: number } | null = null;
  let done = false;
  const gaps: number[] = [];
  const made = (end: number, error: string): Answer => ({
    ...{ sent, first, end, gaps, error },
    prompt: usage?.prompt ?? prompt,
    output: usage?.output ?? counted,
  });
  return {
    /** One event's data; what is wrong with it, or null. */
    event(data: string, at: number): string | null {
      if (data === DONE) {
        done = true;
        return null;
      }
      const chunk = readChunk(data);
      if (chunk === null) return `an event that is no completion: ${data}`;
      if (chunk.error !== null) return chunk.error;
      usage = chunk.usage ?? usage;
      if (!chunk.text) return null;
      counted++;
      if (Number.isNaN(first)) first = at;
      else gaps.push(at - last);
      last = at;
      return null;
    },
    failed: (end: number, error: string): Answer => made(end, error),
    ended(end: number): Answer {
      if (Number.isNaN(first)) return made(end, 'an answer without a token');
      return done ? made(last, '') : made(end, 'an answer that breaks off');
    },
  };
}

interface Chunk {
  readonly text: boolean;
  readonly usage: { readonly prompt: number; readonly output: number } | null;
  readonly error: string | null;
}

/** null for what is no chunk of a completion. */
function readChunk(data: string): Chunk | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (value === null || typeof value !== 'object') return null;
  const { choices, usage, error } = value as Record<string, unknown>;
  if (error !== undefined && error !== null) return { text: false, usage: null, error: JSON.stringify(error) };
  if (!Array.isArray(choices)) return null;
  const { text } = (choices[0] ?? {}) as Record<string, unknown>;
  const { prompt_tokens, completion_tokens } = (usage ?? {}) as Record<string, unknown>;
  const known = typeof prompt_tokens === 'number' && typeof completion_tokens === 'number';
  return {
    text: typeof text === 'string' && text !== '',
    usage: known ? { prompt: prompt_tokens, output: completion_tokens } : null,
    error: null,
  };
}

/** Server-sent events out of the bytes of a stream, wherever those are cut. Source: the event stream format of the WHATWG's HTML standard. */
export function openEvents() {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    /** Data of the events that are whole now. */
    take(bytes: Uint8Array): string[] {
      rest += decoder.decode(bytes, { stream: true });
      const parts = rest.split(/\r\n\r\n|\n\n|\r\r/);
      rest = parts.pop()!;
      return parts.flatMap((part) => {
        const data = part.split(/\r\n|\n|\r/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : []));
        return data.length === 0 ? [] : [data.map((one) => one.replace(/^ /, '')).join('\n')];
      });
    },
  };
}
