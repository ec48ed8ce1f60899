// mist serve --mock: an OpenAI-compatible endpoint that answers with simulated times.
import type { AddressInfo } from 'node:net';
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { fileWords } from '../check/text-file.ts';
import { formatMs } from '../report/format.ts';
import { openSpec } from '../run/open-spec.ts';
import { onlyWord, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { wallClock } from './mock-clock.ts';
import { openMockEngine } from './mock-engine.ts';
import { openMockServer } from './mock-server.ts';
import { measureWay } from './mock-way.ts';
import { rowOf, tellAxes } from './row.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const FLAGS = {
  '--mock': Boolean,
  '--host': String,
  '--port': String,
  '--row': String,
  '--requests': String,
  '--seed': String,
  '--catalog': String,
} as const;

/** Nobody else's machine is reached unless asked. */
const HOST = '127.0.0.1';
const PORT = 8000;
/** Requests that a server takes in all: its columns are laid out before. */
const REQUESTS = 100_000;

const HELP = `mist serve --mock SPEC [options]

  Answers as an OpenAI-compatible endpoint whose tokens come when the simulated engine has them, in real time: /v1/models,
  /v1/completions, /v1/chat/completions (streaming too), /metrics with vLLM's names, /health. Tokens say nothing. Where a
  request does not say max_tokens with ignore_eos, its answer is as long as the spec's workload draws it, up to max_tokens;
  a prompt of text counts a token for 4 bytes, a list of token ids is counted exactly.

  --port N           ${PORT} if left out; 0 takes a free one
  --host ADDRESS     ${HOST} if left out: only this machine reaches it
  --requests N       requests that are taken in all (${REQUESTS.toLocaleString('en-US')})
  --row N            row N of a spec that spans several configurations
${SPEC_HELP}  --seed N           another seed for drawn lengths
  --catalog FOLDER   a catalog folder of your own, first

  Prints the address once it listens. Ctrl-C ends it.
`;

/** Exit codes: 130 or 143 when it was ended. A user's mistakes are thrown as a UserError (exit code 2). */
export const serve = specVerb('serve', FLAGS, HELP, async (flags, out, specs) => {
  if (!flags['--mock'])
    throw new UserError([{ path: 'mist serve', expected: '--mock: no model is served here', received: 'none' }]);
  const file = onlyWord('serve', flags._, 'one spec file');
  const catalog = openCatalog({ folder: flags['--catalog'] });
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const row = wholeFlag('--row', flags['--row'], 0);
  const port = wholeFlag('--port', flags['--port'], 0, 65_535) ?? PORT;
  const capacity = wholeFlag('--requests', flags['--requests'], 1, 10_000_000) ?? REQUESTS;
  const question = openSpec(specs.read(file), file, catalog, seed);
  const realWay = await measureWay();
  const engine = openMockEngine(
    question.at(rowOf(question, row, tellAxes('--row', '--row N takes one'))).spec,
    catalog,
    wallClock(),
    capacity,
    realWay,
  );
  const server = openMockServer(engine);
  const interrupt = heedInterrupts();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(
          new UserError([
            {
              path: '--port, --host',
              expected: 'an address to listen at',
              received: `${flags['--host'] ?? HOST}:${port} (${fileWords(error)})`,
            },
          ]),
        );
      });
      server.listen(port, flags['--host'] ?? HOST, resolve);
    });
    const { address, port: taken } = server.address() as AddressInfo;
    out.stdout(`http://${address.includes(':') ? `[${address}]` : address}:${taken}/v1\n`);
    out.stderr(`Simulates ${engine.model} until Ctrl-C. ${tellWay(realWay)}\n`);
    await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve, { once: true }));
    return interrupt.code();
  } finally {
    interrupt.release();
    server.close();
    server.closeAllConnections();
  }
});

const tellWay = (seconds: number): string =>
  `HTTP takes ${formatMs(seconds)} ms here: of the way that the profile simulates, so much is not waited for again.`;
