// OpenAI's completions API as the mock server speaks it: what a request asks for, and the shapes of answers.
import { isRecord } from '../check/python-json.ts';

/** A mistake of the client's, as vLLM answers it. */
export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly param: string | null;
}

export interface Completion {
  readonly chat: boolean;
  readonly prompt: number;
  /** Most tokens of the answer; null where nothing is asked for. */
  readonly most: number | null;
  /** The answer is that long, whatever a model would say. */
  readonly exact: boolean;
  readonly stream: boolean;
  readonly usage: boolean;
}

/** Bytes of text that stand for a token: there is no tokenizer here. Lists of token ids are counted exactly. */
const BYTES_PER_TOKEN = 4;
/** Tokens that a chat template puts around a message. */
const MESSAGE_TOKENS = 4;

const tokensOf = (text: string): number => Math.max(1, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN));

/** What a body asks for, or what is wrong with it. */
export function readCompletion(text: string, chat: boolean, model: string): Completion | ApiError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { status: 400, message: 'the body is no JSON', param: null };
  }
  if (!isRecord(body)) return { status: 400, message: 'the body is no object', param: null };
  const refuse = (param: string, message: string, status = 400): ApiError => ({
    status,
    message: `${param}: ${message}`,
    param,
  });
  if (body.model !== undefined && body.model !== model)
    return refuse('model', `expected ${model}, received ${JSON.stringify(body.model)}`, 404);
  if (body.n !== undefined && body.n !== 1) return refuse('n', `expected 1, received ${JSON.stringify(body.n)}`);
  const prompt = chat ? messagesTokens(body.messages) : promptTokens(body.prompt);
  if (prompt === null)
    return chat
      ? refuse('messages', 'expected a list of messages with content')
      : refuse('prompt', 'expected text, or a list of token ids; one prompt');
  const limit = body.max_completion_tokens ?? body.max_tokens ?? null;
  if (limit !== null && !(Number.isInteger(limit) && (limit as number) >= 1))
    return refuse('max_tokens', `expected a whole number of at least 1, received ${JSON.stringify(limit)}`);
  const options = isRecord(body.stream_options) ? body.stream_options : {};
  return {
    ...{ chat, prompt, most: limit as number | null, exact: body.ignore_eos === true },
    ...{ stream: body.stream === true, usage: options.include_usage === true },
  };
}

function messagesTokens(messages: unknown): number | null {
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isRecord)) return null;
  let sum = 0;
  for (const { content } of messages) {
    const parts = Array.isArray(content) ? content.map((part) => (isRecord(part) ? part.text : undefined)) : [content];
    const text = parts.filter((part) => typeof part === 'string').join('');
    sum += tokensOf(text) + MESSAGE_TOKENS;
  }
  return sum;
}

function promptTokens(prompt: unknown): number | null {
  if (typeof prompt === 'string') return tokensOf(prompt);
  if (!Array.isArray(prompt) || prompt.length === 0) return null;
  if (prompt.every((id) => Number.isInteger(id))) return prompt.length;
  return prompt.length === 1 ? promptTokens(prompt[0]) : null;
}

/** Simulated times beside an answer, s since the server began: a field of our own, which OpenAI's clients hand on. */
export interface MistTimes {
  readonly arrival_s: number;
  readonly first_token_s: number;
  readonly finish_s: number;
}

export interface Head {
  readonly id: string;
  readonly model: string;
  readonly chat: boolean;
  /** s since 1970. */
  readonly created: number;
}

/** Tokens say nothing: each is the same word. */
const WORD = 'token ';
export const wordsOf = (tokens: number): string => WORD.repeat(tokens);

const headOf = ({ id, model, chat, created }: Head, stream: boolean) => ({
  id,
  object: chat ? (stream ? 'chat.completion.chunk' : 'chat.completion') : 'text_completion',
  created,
  model,
});

export const usageOf = (prompt: number, output: number) => ({
  prompt_tokens: prompt,
  completion_tokens: output,
  total_tokens: prompt + output,
});
type Usage = ReturnType<typeof usageOf>;

/** One event of a stream. */
const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
export const STREAM_END = 'data: [DONE]\n\n';

/** Tokens `from` to `to` of an answer; the first chunk of a chat names the role, the last chunk says why it ended. */
export function chunkOf(head: Head, from: number, to: number, reason: string | null): string {
  const text = wordsOf(to - from);
  const choice = { index: 0, logprobs: null, finish_reason: reason };
  if (!head.chat) return event({ ...headOf(head, true), choices: [{ ...choice, text }] });
  const role =
    from === 0
      ? event({
          ...headOf(head, true),
          choices: [{ ...choice, finish_reason: null, delta: { role: 'assistant', content: '' } }],
        })
      : '';
  return role + event({ ...headOf(head, true), choices: [{ ...choice, delta: { content: text } }] });
}

export function usageChunk(head: Head, usage: Usage, mist: MistTimes): string {
  return event({ ...headOf(head, true), choices: [], usage, mist });
}

export function answerOf(head: Head, output: number, reason: string, usage: Usage, mist: MistTimes): object {
  const text = wordsOf(output);
  const choice = { index: 0, logprobs: null, finish_reason: reason };
  const choices = [
    head.chat ? { ...choice, message: { role: 'assistant', content: text, refusal: null } } : { ...choice, text },
  ];
  return { ...headOf(head, false), choices, usage, mist };
}

/** An error in a stream whose head is sent. */
export const errorEvent = (error: ApiError): string => event(errorOf(error));

export function errorOf({ status, message, param }: ApiError): object {
  const type = status === 404 ? 'NotFoundError' : 'BadRequestError';
  return { error: { message, type, param, code: status } };
}
