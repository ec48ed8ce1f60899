// What the way of a request costs on this machine: the simulated way of a profile has HTTP in it, and real HTTP is on top of what is waited for.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chunkOf, readCompletion } from './mock-api.ts';
import { beginStream, readBody } from './mock-server.ts';

const WARM_UPS = 20;
const ASKED = 31;
const BODY = JSON.stringify({ model: 'mist', prompt: Array.from({ length: 500 }, (_, i) => i), stream: true });

/** s from sending a request to the first event of its answer, over loopback, where the answer is there at once: the median of several. */
export async function measureWay(): Promise<number> {
  const server = createServer((request, response) => {
    readBody(request, (body) => {
      readCompletion(body ?? '', false, 'mist');
      beginStream(response);
      response.end(chunkOf({ id: 'cmpl-0', model: 'mist', chat: false, created: 0 }, 0, 1, null));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const seconds: number[] = [];
    for (let i = 0; i < WARM_UPS + ASKED; i++) seconds.push(await askOnce(url));
    return seconds.slice(WARM_UPS).sort((a, b) => a - b)[ASKED >> 1]!;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function askOnce(url: string): Promise<number> {
  const began = performance.now();
  const answer = await fetch(url, { method: 'POST', body: BODY });
  const reader = answer.body!.getReader();
  await reader.read();
  const seconds = (performance.now() - began) / 1e3;
  while (!(await reader.read()).done); // the connection is for the next one
  return seconds;
}
