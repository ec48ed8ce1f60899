// A small server that misbehaves as it is told to: what mist observe may meet.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export interface SmallServer {
  readonly url: string;
  readonly received: Received[];
  completions(): Received[];
}

export type Behave = (response: ServerResponse, request: Received, index: number) => void;

/** Streams so many tokens, then says that it is done. */
export function stream(response: ServerResponse, tokens: number, prompt: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let i = 0; i < tokens; i++) response.write(`data: ${JSON.stringify({ choices: [{ text: 'a' }] })}\n\n`);
  const usage = { prompt_tokens: prompt, completion_tokens: tokens };
  response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
}

export const answers: Behave = (response, { body }) =>
  stream(response, body.max_tokens as number, (body.prompt as number[]).length);

/** Listens on this machine until the file's tests are over. `metrics`: its page at each look. */
export async function openServer(behave: Behave, metrics?: (look: number) => string): Promise<SmallServer> {
  const received: Received[] = [];
  let [completions, looks] = [0, 0];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const bytes of request) text += bytes;
    const one = { path: request.url!, headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
    received.push(one);
    if (one.path === '/v1/models') response.end(JSON.stringify({ data: [{ id: 'small' }] }));
    else if (one.path === '/v1/completions') behave(response, one, completions++);
    else if (one.path === '/metrics' && metrics) response.end(metrics(looks++));
    else response.writeHead(404).end('no such page');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    received,
    completions: () => received.filter(({ path }) => path === '/v1/completions'),
  };
}
