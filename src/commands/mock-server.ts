// An OpenAI-compatible endpoint whose tokens come when the simulation has them: real load generators and clients run against it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { liveText } from '../report/export/prometheus.ts';
import {
  type ApiError,
  answerOf,
  chunkOf,
  errorEvent,
  errorOf,
  type Head,
  readCompletion,
  STREAM_END,
  usageChunk,
  usageOf,
} from './mock-api.ts';
import type { MockEngine, Times } from './mock-engine.ts';

/** Longer bodies are refused. */
const MOST_BYTES = 64 * 2 ** 20;

/** The server, not yet listening. */
export function openMockServer(engine: MockEngine): Server {
  let served = 0;
  return createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    const route = `${request.method} ${path}`;
    if (route === 'GET /health') return void response.end();
    if (route === 'GET /metrics') return sendText(response, metricsOf(engine));
    if (route === 'GET /v1/models') return sendJson(response, 200, modelsOf(engine));
    const chat = route === 'POST /v1/chat/completions';
    if (!chat && route !== 'POST /v1/completions')
      return sendError(response, { status: 404, message: `nothing at ${route}`, param: null });
    readBody(request, (body) => {
      if (body === null) return sendError(response, { status: 413, message: 'the body is too long', param: null });
      complete(engine, body, `${chat ? 'chatcmpl' : 'cmpl'}-${served++}`, chat, response);
    });
  });
}

export function readBody(request: IncomingMessage, act: (body: string | null) => unknown): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MOST_BYTES) parts.push(part);
  });
  request.on('end', () => act(bytes > MOST_BYTES ? null : Buffer.concat(parts).toString()));
}

function complete(engine: MockEngine, body: string, id: string, chat: boolean, response: ServerResponse) {
  const asked = readCompletion(body, chat, engine.model);
  if ('status' in asked) return sendError(response, asked);
  const { prompt, most, exact, stream, usage: wantsUsage } = asked;
  const room = engine.maxModelLen - prompt;
  if (room < 1 || (most ?? 1) > room) {
    const message = `the model's maximum context length is ${engine.maxModelLen} tokens, asked for are ${prompt + (most ?? 1)}`;
    return sendError(response, { status: 400, message, param: null });
  }
  const drawn = Math.min(engine.drawn(), room);
  const output = exact && most !== null ? most : Math.min(drawn, most ?? drawn);
  const reason = output === most ? 'length' : 'stop';
  const head: Head = { id, model: engine.model, chat, created: Math.floor(Date.now() / 1e3) };
  const usage = usageOf(prompt, output);
  const mist = ({ arrival, firstToken, finish }: Times) => ({
    arrival_s: arrival,
    first_token_s: firstToken,
    finish_s: finish,
  });
  let sent = 0;
  const taken = engine.submit(prompt, output, {
    token(tokens) {
      if (!stream) return;
      if (sent === 0) beginStream(response);
      response.write(chunkOf(head, sent, tokens, tokens === output ? reason : null));
      sent = tokens;
    },
    end(times) {
      if (stream) response.end((wantsUsage ? usageChunk(head, usage, mist(times)) : '') + STREAM_END);
      else sendJson(response, 200, answerOf(head, output, reason, usage, mist(times)));
    },
    rejected() {
      const error = { status: 400, message: 'the request can never fit in the KV cache', param: null };
      if (response.headersSent) response.end(errorEvent(error) + STREAM_END);
      else sendError(response, error);
    },
  });
  if (!taken)
    sendError(response, {
      status: 503,
      message: 'no further request can be taken: start the server again',
      param: null,
    });
  else if (stream && !response.headersSent) beginStream(response);
}

/** The head of a stream goes out as soon as the request is taken, as vLLM's does: a client has it behind it when the first token comes. */
export function beginStream(response: ServerResponse): void {
  if (response.headersSent) return;
  response.socket?.setNoDelay(true);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
}

const modelsOf = ({ model, maxModelLen }: MockEngine) => ({
  object: 'list',
  data: [{ id: model, object: 'model', created: 0, owned_by: 'mist', root: model, max_model_len: maxModelLen }],
});

function metricsOf(engine: MockEngine): string {
  const { done, model } = engine;
  const of = (read: (one: (typeof done)[number]) => number) => Float64Array.from(done, read);
  return liveText(model, engine.load(), {
    ttft: of(({ arrival, firstToken }) => firstToken - arrival),
    tpot: of(({ firstToken, finish, output }) => (output > 1 ? (finish - firstToken) / (output - 1) : Number.NaN)),
    e2el: of(({ arrival, finish }) => finish - arrival),
    prompt: of(({ prompt }) => prompt),
    output: of(({ output }) => output),
  });
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(text);
}

const sendError = (response: ServerResponse, error: ApiError): void => sendJson(response, error.status, errorOf(error));
