// Answers one command line after another by the built cli.js, in one process: starting Node for each is what tests would wait for.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const [, , cli] = process.argv;
const say = process.send.bind(process);
let runs = 0;
let queue = Promise.resolve();

// Threads where nobody asks for some: each would load and warm up the rooms once more, which takes longer than a test's question.
os.availableParallelism = () => 1;
syncBuiltinESMExports();

// Every run of cli.js listens once more.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

/** What a stream is given while the run lasts. */
function capture(stream) {
  const parts = [];
  const { write } = stream;
  stream.write = (part) => {
    parts.push(Buffer.from(part));
    return true;
  };
  return () => {
    stream.write = write;
    return Buffer.concat(parts).toString();
  };
}

async function answer({ argv, columns }) {
  const streams = [capture(process.stdout), capture(process.stderr)];
  process.argv = [process.argv[0], cli, ...argv];
  process.exitCode = undefined;
  if (columns === undefined) delete process.env.COLUMNS;
  else process.env.COLUMNS = String(columns);
  // Another query is another module: cli.js runs again, what it imports stays.
  await import(`${pathToFileURL(cli).href}?run=${runs++}`);
  while (process.exitCode === undefined) await turn();
  const code = process.exitCode;
  const [stdout, stderr] = streams.map((end) => end());
  say({ code, stdout, stderr });
}

process.on('message', (asked) => {
  queue = queue.then(() => answer(asked));
});
process.on('disconnect', () => process.exit(0));
