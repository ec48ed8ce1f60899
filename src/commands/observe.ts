// mist observe: a trace sent to a server that runs, and what came back, in the file that vllm bench serve writes.
import { type Issue, UserError } from '../check/issue.ts';
import { noteInput, refuseOverwrites } from '../check/same-file.ts';
import { statOf } from '../check/text-file.ts';
import { readVersion } from '../check/version.ts';
import { writeWhole } from '../check/whole-file.ts';
import { type Endpoint, KEY_VARIABLE, openEndpoint } from '../observe/endpoint.ts';
import { firstModel, observe as watch } from '../observe/observe.ts';
import { planObservation } from '../observe/plan.ts';
import { measure, type Observed, resultJson } from '../observe/result.ts';
import type { EngineFigures } from '../observe/scrape.ts';
import { BLOCK, center, fixed, latencyRows, line } from '../report/block.ts';
import { openProgress } from '../report/progress.ts';
import { fitText } from '../report/width.ts';
import { cutRows } from '../workload/make.ts';
import type { RequestRows } from '../workload/rows.ts';
import { meanRate, readRequestRows, replayRows } from '../workload/traces.ts';
import type { Requests } from '../workload/types.ts';
import { type Flags, NO_ANSWER, numberFlag, onlyWord, secondsFlag, verb, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';

const FLAGS = {
  '--trace': String,
  '--out': String,
  '--json': Boolean,
  '--yes': Boolean,
  '--model': String,
  '--requests': String,
  '--duration': String,
  '--request-rate': String,
  '--max-concurrency': String,
  '--max-rate': String,
  '--timeout': String,
} as const;

/** s without a word from the server. */
const SILENCE = 120;

const HELP = `mist observe URL --trace FILE [options]

  Sends the requests of a trace to an OpenAI-compatible server (https://host/v1, or http:// on this machine), at their times, and
  writes what came back as vllm bench serve --save-result --save-detailed does: for mist calibrate, and all that reads such files.
  It first says how many requests and tokens it would send; without --yes it ends there. Prompts are token ids at random, those of
  equal hash ids alike, of exactly the trace's lengths; answers as long as the trace has them (ignore_eos). What the engine says
  of itself at /metrics (vLLM's and SGLang's names) is kept with it. The key comes from ${KEY_VARIABLE} and is written nowhere.

  --trace FILE         requests in any format that a spec's workload.requests takes
  --yes                send them
  --out FILE           where the result goes; no file that is there is overwritten
  --json               the result on standard output, in place of the table
  --model ID           which of the server's models; its first if left out
  --requests N         only the first N
  --duration S         only those that come within so many seconds
  --request-rate R     the trace faster or slower, R requests a second on average; inf: as fast as --max-concurrency lets
  --max-concurrency N  at most N in flight
  --max-rate R         at most R requests a second, whatever the trace says
  --timeout S          a request without a word for so long has failed (${SILENCE})

  Ctrl-C ends it: what was answered until then is told and written.
`;

/** Exit codes: 3 where no request was answered, 130 or 143 when it was ended. A user's mistakes are thrown as a UserError (exit code 2). */
export const observe = verb('observe', FLAGS, HELP, async (flags, out) => {
  const endpoint = openEndpoint(onlyWord('observe', flags._, 'the address of one server'), process.env);
  const file = flags['--trace'];
  if (file === undefined)
    throw new UserError([{ path: '--trace', expected: 'a file of requests', received: 'nothing' }]);
  const wishes = wishesOf(flags);
  const { requests, words } = planObservation(requestsOf(file, flags, wishes), wishes, endpoint.base);
  checkOutput(file, flags['--out']);
  for (const one of words) out.stderr(`${one}\n`);
  if (!flags['--yes']) {
    const expected = '--yes, when that may be sent';
    throw new UserError([{ path: 'mist observe', expected, received: 'none: nothing was sent' }]);
  }
  const model = flags['--model'] ?? (await firstModel(endpoint, wishes.silence));
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  try {
    const note = (ended: number) => progress.update(ended, requests.count, 'answered');
    const ran = await watch(endpoint, model, requests, wishes, interrupt.signal, note);
    progress.end();
    const observed = measure(ran, requests);
    const about = {
      ...{ model, trace: file, version: readVersion(), engine: ran.engine, url: endpoint.base },
      date: new Date().toISOString(),
    };
    const text = `${JSON.stringify(resultJson(ran, requests, observed, about), null, 2)}\n`;
    if (flags['--out'] !== undefined) writeWhole(flags['--out'], text, '--out');
    out.stdout(flags['--json'] ? text : fitText(table(observed, ran.engine)));
    out.stderr(remarks(observed, endpoint, flags['--out']));
    return interrupt.code() || (observed.completed === 0 ? NO_ANSWER : 0);
  } finally {
    progress.end();
    interrupt.release();
  }
});

interface Wishes {
  readonly duration?: number;
  readonly concurrency: number;
  readonly rate: number;
  readonly silence: number;
}

function wishesOf(flags: Flags<typeof FLAGS>): Wishes {
  const duration = secondsFlag('--duration', flags['--duration']);
  return {
    ...(duration === undefined ? {} : { duration }),
    concurrency: wholeFlag('--max-concurrency', flags['--max-concurrency'], 1, 100_000) ?? Number.POSITIVE_INFINITY,
    rate: numberFlag('--max-rate', flags['--max-rate']) ?? Number.POSITIVE_INFINITY,
    silence: numberFlag('--timeout', flags['--timeout']) ?? SILENCE,
  };
}

/** The trace's requests at its times, at another rate, or one after the other with so many in flight. */
function requestsOf(file: string, flags: Flags<typeof FLAGS>, { concurrency }: Wishes): Requests {
  const rate = flags['--request-rate'];
  const count = wholeFlag('--requests', flags['--requests'], 1);
  const all = readRequestRows(file, { count: count ?? 0, seed: 0, start: 0 });
  noteInput(file);
  const rows = count === undefined ? all : cutRows(all, count);
  if (rate === 'inf') {
    if (concurrency < Number.POSITIVE_INFINITY) return asLoop(rows, concurrency);
    const expected = '--max-concurrency beside it: a server is not sent all of a trace at once';
    throw new UserError([{ path: '--request-rate', expected, received: 'inf' }]);
  }
  const wanted = numberFlag('--request-rate', rate);
  const own = rows.arrival ? meanRate(rows.arrival) : 0;
  if (wanted !== undefined && rows.arrival && !(own > 0)) {
    const issue: Issue = {
      path: '--request-rate',
      expected: 'a trace with requests at different times',
      received: file,
    };
    throw new UserError([issue]);
  }
  return replayRows(rows, wanted === undefined ? 1 : wanted / own);
}

function asLoop({ prompt, output, prefix, format }: RequestRows, concurrency: number): Requests {
  const count = prompt.length;
  const description = `lengths of a ${format}, ${concurrency} in flight`;
  const arrival = new Float64Array(count);
  return { count, arrival, prompt, output, concurrency, rate: 0, ...(prefix ? { prefix } : {}), description };
}

function checkOutput(trace: string, file: string | undefined): void {
  if (file === undefined) return;
  noteInput(trace);
  refuseOverwrites([{ flag: '--out', file }]);
  if (statOf(file)?.isFile())
    throw new UserError([{ path: '--out', expected: 'a file that is not there yet', received: file }]);
}

function table(observed: Observed, engine: EngineFigures | null): string {
  const { completed, failed, duration, prompt, output, ttft, tpot, itl, e2el } = observed;
  const rate = (count: number) => fixed(duration > 0 ? count / duration : Number.NaN);
  const percent = (share: number | null) => (share === null ? null : fixed(share * 100));
  const rows = [
    center(' Serving Benchmark Result ', '='),
    line('Successful requests:', String(completed)),
    line('Failed requests:', String(failed)),
    line('Benchmark duration (s):', fixed(duration)),
    line('Total input tokens:', String(prompt)),
    line('Total generated tokens:', String(output)),
    line('Request throughput (req/s):', rate(completed)),
    line('Output token throughput (tok/s):', rate(output)),
    line('Total token throughput (tok/s):', rate(prompt + output)),
    ...latencyRows('Time to First Token', 'TTFT', ttft),
    ...latencyRows('Time per Output Token (excl. 1st token)', 'TPOT', tpot),
    ...latencyRows('Inter-token Latency', 'ITL', itl),
    ...latencyRows('End-to-end Latency', 'E2EL', e2el),
  ];
  const said = engine
    ? [
        ['Prefix cache hit rate (%):', percent(engine.prefix_cache_hit_rate)] as const,
        ['Peak KV cache usage (%):', percent(engine.peak_kv_usage)] as const,
        ['Peak running requests:', engine.peak_running] as const,
        ['Peak waiting requests:', engine.peak_waiting] as const,
        ['Preemptions:', engine.preemptions] as const,
      ]
    : [];
  if (engine) rows.push(center('Engine (/metrics)', '-'));
  for (const [label, figure] of said) if (figure !== null) rows.push(line(label, String(figure)));
  return `${rows.join('\n')}\n${'='.repeat(BLOCK)}\n`;
}

/** What the figures do not say. */
function remarks(observed: Observed, { base }: Endpoint, file: string | undefined): string {
  const { errors, unsent, strayed, late, completed } = observed;
  const ms = Number((late.p99 * 1000).toPrecision(3));
  const lines = [
    ...errors.slice(0, 5).map(([words, count]) => `${count} failed: ${words}`),
    ...(unsent > 0 ? [`${unsent} were not sent`] : []),
    ...(strayed > 0
      ? [`${strayed} of ${completed} answers are of another length than asked for: does ${base} heed ignore_eos?`]
      : []),
    ...(ms > 20
      ? [`1 in 100 was sent ${ms} ms after its time or more: this machine, or a limit, is slower than the trace`]
      : []),
    file === undefined
      ? 'Nothing written: --out FILE writes.'
      : `${file} written: mist calibrate ${file} --spec SPEC fits MIST to it`,
  ];
  return `${lines.join('\n')}\n`;
}
