// The commands that put the load of a spec on a server: `vllm bench serve` and AIPerf, by their own generators where those draw the
// same load, else from a trace of the very requests that were simulated.
import type { LengthSpec } from '../check/drawn.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { ArrivalSpec, Slo } from '../spec/types.ts';
import { isStage } from '../stages/list.ts';
import { quoteWord } from './launch.ts';

export interface LoadCommands {
  readonly vllm: string;
  readonly aiperf: string;
  /** Whether they read the trace (load-trace.ts). */
  readonly traced: boolean;
  readonly notes: readonly string[];
}

/** The trace that the commands read. */
export const LOAD_FILE = 'load.jsonl';

type Flag = readonly [string, (string | number | readonly string[])?];

/** `requests`: how many the run has. `model`: as the server is asked for it. */
export function loadCommands(spec: FleetSpec, model: string, url: string, requests: number): LoadCommands {
  const drawn = drawnLoad(spec);
  const { seed } = spec.workload;
  const traced = drawn === null;
  const vllm: Flag[] = [
    ['--backend', 'openai'],
    ['--base-url', url],
    ['--model', model],
    ...(drawn
      ? drawn.vllm
      : ([
          ['--dataset-name', 'timed_trace'],
          ['--dataset-path', LOAD_FILE],
        ] as Flag[])),
    ['--num-prompts', requests],
    ['--seed', seed],
    ['--ignore-eos'],
    ['--percentile-metrics', 'ttft,tpot,itl,e2el'],
    ['--metric-percentiles', '50,90,95,99'],
    ...goodput(spec.slo),
    ['--save-result'],
  ];
  const trace: Flag[] = [
    ['--input-file', LOAD_FILE],
    ['--custom-dataset-type', 'mooncake_trace'],
    ...(concurrencyOf(spec.workload.arrivals) > 0
      ? ([['--concurrency', concurrencyOf(spec.workload.arrivals)]] as Flag[])
      : ([['--fixed-schedule']] as Flag[])),
  ];
  const aiperf: Flag[] = [
    ['--model', model],
    ['--url', url],
    ['--endpoint-type', 'completions'],
    ['--streaming'],
    ...(drawn ? drawn.aiperf : trace),
    ['--request-count', requests],
    ['--random-seed', seed],
    ['--extra-inputs', 'ignore_eos:true'],
  ];
  return { vllm: join('vllm bench serve', vllm), aiperf: join('aiperf profile', aiperf), traced, notes: notesOf(spec) };
}

function join(start: string, flags: readonly Flag[]): string {
  const lines = flags.map(([name, value]) => {
    const words = value === undefined ? [] : Array.isArray(value) ? value : [String(value)];
    return [name, ...words.map(quoteWord)].join(' ');
  });
  return [start, ...lines].join(' \\\n  ');
}

interface Drawn {
  readonly vllm: readonly Flag[];
  readonly aiperf: readonly Flag[];
}

/** Prompts and answers of one length, sent as their generators send them; null where only a trace is the same load. */
function drawnLoad({ workload, sessions, prefixes, pipelines }: FleetSpec): Drawn | null {
  const { lengths, arrivals, request_rate: rate, requests } = workload;
  if (requests || sessions || prefixes || typeof lengths === 'string' || lengths === null) return null;
  if (pipelines.some(({ lengths: own }) => own !== null)) return null;
  const [input, output] = [fixed(lengths.input_len), fixed(lengths.output_len)];
  const sent = input === null || output === null ? null : sendingOf(arrivals, rate);
  if (!sent) return null;
  return {
    vllm: [
      ['--dataset-name', 'random'],
      ['--random-input-len', input!],
      ['--random-output-len', output!],
      ['--random-range-ratio', 0],
      ...sent.vllm,
    ],
    aiperf: [
      ['--synthetic-input-tokens-mean', input!],
      ['--synthetic-input-tokens-stddev', 0],
      ['--output-tokens-mean', output!],
      ['--output-tokens-stddev', 0],
      ...sent.aiperf,
    ],
  };
}

const fixed = (length: LengthSpec): number | null => (length.kind === 'fixed' ? length.value : null);

const concurrencyOf = (arrivals: ArrivalSpec): number =>
  arrivals.process === 'closed-loop' ? arrivals.max_concurrency : 0;

function sendingOf(arrivals: ArrivalSpec, rate: number): Drawn | null {
  const { process } = arrivals;
  if (process === 'poisson' || process === 'gamma') {
    const shape = process === 'gamma' ? arrivals.burstiness : 1;
    const smooth: Flag[] = process === 'gamma' ? [['--arrival-smoothness', shape]] : [];
    return {
      vllm: [
        ['--request-rate', rate],
        ['--burstiness', shape],
      ],
      aiperf: [['--request-rate', rate], ['--arrival-pattern', process], ...smooth],
    };
  }
  if (process === 'closed-loop') {
    const most = arrivals.max_concurrency;
    return {
      vllm: [
        ['--request-rate', 'inf'],
        ['--max-concurrency', most],
      ],
      aiperf: [['--concurrency', most]],
    };
  }
  return null;
}

/** What vllm bench serve counts as good: of the metrics that it knows, in ms. */
function goodput(slo: readonly Slo[]): Flag[] {
  const known = slo.filter(({ metric }) => metric !== 'itl');
  const limits = new Map(known.map(({ metric, limit }) => [metric, limit * 1000] as const));
  if (limits.size === 0) return [];
  return [['--goodput', [...limits].map(([metric, ms]) => `${metric}:${Number(ms.toPrecision(6))}`)]];
}

function notesOf({ pipelines, sessions, workload, adapters }: FleetSpec): string[] {
  const notes: string[] = [];
  const other = pipelines
    .flatMap(({ stages }) => stages)
    .filter((stage) => !isStage(stage, 'prefill') && !isStage(stage, 'decode'));
  if (other.length > 0) notes.push('the load is that of the model servers: other stages are not asked');
  if (sessions)
    notes.push('turns of a conversation wait for the answer before: AIPerf holds them back, vllm bench serve does not');
  if (workload.arrivals.process === 'closed-loop' && (sessions || workload.requests))
    notes.push('requests of the trace are sent one for each that completes');
  if (adapters)
    notes.push(
      `these ask for no adapter: name all ${adapters.count} with --lora-modules NAME ... of vllm bench serve, which draws one for each request, evenly`,
    );
  return notes;
}
