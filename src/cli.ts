#!/usr/bin/env node
// The command line: finds the verb, prints a user's mistakes precisely, and turns outcomes into exit codes. A thread that loads it asks
// by `answer`; a process that it is started as has words, streams and an exit code of its own.
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { UserError } from './check/issue.ts';
import { asMemoryError } from './check/memory.ts';
import { didYouMean } from './check/nearest.ts';
import { fileWords } from './check/text-file.ts';
import { readVersion } from './check/version.ts';
import type { Verbs } from './commands/completion.ts';
import type { Output } from './commands/flags.ts';
import { fitText } from './report/width.ts';

/** Loaded when asked for: starting one verb does not pay for the others. */
const VERBS: Verbs = {
  init: {
    words: 'ask three questions and write a spec to start from',
    load: async () => (await import('./commands/init.ts')).init,
  },
  sweep: {
    words: 'try every configuration of a spec and rank them',
    load: async () => (await import('./commands/sweep.ts')).sweep,
  },
  merge: {
    words: 'make one answer of the shards of a sweep',
    load: async () => (await import('./commands/merge.ts')).merge,
  },
  worker: {
    words: 'do shards of sweeps that a queue hands out',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  query: {
    words: 'SQL over the rows of a result',
    load: async () => (await import('./commands/query.ts')).query,
  },
  run: {
    words: 'simulate one deployment, or a fleet of pipelines, request by request',
    load: async () => (await import('./commands/run.ts')).run,
  },
  why: {
    words: 'what the figures of a deployment hang on: where time goes, which limits had a say, what would change them',
    load: async () => (await import('./commands/why.ts')).why,
  },
  verify: {
    words: 'hold the certificate of a sweep against runs of rows at random',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  size: {
    words: 'how many devices a promise takes, which are cheapest, how much load a fleet takes, when another overtakes',
    load: async () => (await import('./commands/size.ts')).size,
  },
  study: {
    words: 'what a document claims of its rows, held against runs: holds, does not, noise, band; where it flips',
    load: async () => (await import('./commands/study.ts')).study,
  },
  check: {
    words: 'what is expected of a deployment (p99_ttft <= 1s), held against a run; the exit code is the answer',
    load: async () => (await import('./commands/check.ts')).check,
  },
  diff: {
    words: 'what changed between two results, and whether by more than chance',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  step: { words: 'price one engine iteration, op by op', load: async () => (await import('./commands/step.ts')).step },
  catalog: {
    words: 'list or show hardware, models, engines, workloads',
    load: async () => (await import('./commands/catalog.ts')).catalog,
  },
  spec: {
    words: 'check a spec and say how it is understood, or print its JSON Schema (--schema)',
    load: async () => (await import('./commands/spec.ts')).spec,
  },
  launch: {
    words: 'the commands and manifests that start a deployment, and those that put its load on it',
    load: async () => (await import('./commands/launch.ts')).launch,
  },
  calibrate: {
    words: 'fit efficiencies to kernel measurements',
    load: async () => (await import('./commands/calibrate.ts')).calibrate,
  },
  validate: {
    words: 'replay measured cases and tell the errors',
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  serve: {
    words: 'answer as an OpenAI-compatible endpoint with simulated times (--mock)',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  observe: {
    words: 'send a trace to a server that runs, and write what came back as vllm bench serve does',
    load: async () => (await import('./commands/observe.ts')).observe,
  },
  mcp: {
    words: 'serve run, sweep, size, step, catalog and validate to agents (Model Context Protocol, over stdio)',
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
  completion: {
    words: 'print what makes a shell complete all this',
    load: async () => (await import('./commands/completion.ts')).completionOf(VERBS),
  },
};

function helpText(): string {
  const verbs = Object.entries(VERBS).map(([verb, { words }]) => `  ${verb.padEnd(10)} ${words}`);
  return `mist ${readVersion()}: simulates LLM inference on heterogeneous hardware, fast enough to try every configuration.

Usage: mist VERB [arguments]

${verbs.join('\n')}

mist VERB --help (or mist help VERB) explains a verb. Examples: mist sweep examples/default-chat.yaml; mist run examples/single-run.yaml
Results go to stdout, words and progress to stderr. Exit codes: 0 done, 2 a mistake in the question (or no room,
no memory), 3 no answer (nothing that was tried keeps the promise), 130 interrupted by Ctrl-C, 143 by SIGTERM; 1 is a mistake of ours.
`;
}

async function askVerb(argv: readonly string[], out: Output): Promise<number> {
  const [first, second] = argv;
  const [word = 'help', ...rest] = first === 'help' && second !== undefined ? [second, '--help'] : argv;
  if (word === '--help' || word === '-h' || word === 'help') {
    out.stdout(fitText(helpText()));
    return 0;
  }
  if (word === '--version' || word === '-v') {
    out.stdout(`${readVersion()}\n`);
    return 0;
  }
  const known = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (!known) throw unknownVerb(word);
  const verb = await known.load();
  return verb(rest, out);
}

function unknownVerb(word: string): UserError {
  const hint = didYouMean(word, Object.keys(VERBS), 2) ?? 'mist --help';
  return new UserError([{ path: 'mist', expected: `a verb: ${Object.keys(VERBS).join(', ')}`, received: word, hint }]);
}

/** The exit code of a command line; what it says goes to `out`. */
export const answer = (argv: readonly string[], out: Output): Promise<number> =>
  askVerb(argv, out).catch((error: unknown) => tell(error, out));

/** Exit code of an error, which is told. */
function tell(error: unknown, out: Output): number {
  const mistake = error instanceof UserError ? error : asMemoryError(error);
  if (mistake) out.stderr(`${mistake.message}\n`);
  else
    out.stderr(`mist failed, which is a mistake of ours:\n${error instanceof Error ? error.stack : String(error)}\n`);
  return mistake ? 2 : 1;
}

async function serveProcess(): Promise<void> {
  const out: Output = {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  };
  // A reader that closes the pipe early (head, less) is no error; a full disk behind `>` is one, of the user's.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    const received = fileWords(error);
    process.exit(tell(new UserError([{ path: 'standard output', expected: 'room to write', received }]), out));
  });
  // Words that nobody can read any more are no reason to lose an answer.
  process.stderr.on('error', () => undefined);
  const argv = process.argv.slice(2);
  process.exitCode = await answer(argv.length === 0 && isatty(0) && isatty(1) ? ['init'] : argv, out);
}

if (isMainThread) void serveProcess();
