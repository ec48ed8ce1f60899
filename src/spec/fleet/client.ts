// The client section: what of a run the sender of the requests sees and counts.
import { measured } from '../../check/units.ts';
import { count, section, timeWithUnit, word } from '../leaf.ts';

/** What figures are of. */
export interface ClientSpec {
  /** profile: first tokens and ends come later by the time that the engine profile says a request is on its way. */
  readonly time: 'none' | 'profile';
  /** Which of two engines sends the first token, where one prefills and another decodes. */
  readonly firstToken: 'prefill' | 'decode';
  /**
   * measured: between the warm-up and the cool-down of the workload. all: what a benchmark counts, ramp, burst and drain included.
   * steady: from the first instant at which all of a closed loop are in flight until the first completion that is not replaced.
   */
  readonly window: WindowName;
  /** Of every pipeline that does not say otherwise. */
  readonly impatience: Impatience;
}

/** How a client waits for an answer; absent: for ever, never again, 1 s. */
export interface Impatience {
  readonly timeout?: number; // s
  readonly retries?: number;
  readonly backoff?: number; // s
}

/** Parts of a run that figures can be of; the first is the default. */
export const WINDOWS = ['measured', 'all', 'steady'] as const;
export type WindowName = (typeof WINDOWS)[number];

export const CLIENT: ClientSpec = { time: 'profile', firstToken: 'prefill', window: WINDOWS[0], impatience: {} };

/** Keys of whoever sends requests. */
export const impatienceShape = {
  timeout: timeWithUnit
    .optional()
    .describe(
      'From the moment a request is sent (again) until its client leaves without the answer: what waits of it goes at once, what runs when its step ends. It waits for ever if left out.',
    ),
  retries: count(0, 20)
    .optional()
    .describe(
      'How often a request is sent again that a full queue turned away, whose client left or that failed with an instance; 0 if left out. Latencies count from the first time.',
    ),
  backoff: timeWithUnit
    .optional()
    .describe('From that to the first of these; twice as long to every one after it. 1 s if left out.'),
};

export const client = section(
  {
    time: word(['none', 'profile'])
      .optional()
      .describe(
        'What a request spends on its way (HTTP, tokenizer, the step it just missed): profile, as the engine profile says; none, latencies are those of the engine. profile if left out, as a benchmark prints it.',
      ),
    first_token: word(['prefill', 'decode'])
      .optional()
      .describe(
        'Which engine sends the first token where prefill and decode are apart: decode waits for the KV and a free slot. prefill if left out.',
      ),
    window: word(WINDOWS)
      .optional()
      .describe(
        'What figures are of: measured, the run between warmup and cooldown of the workload; all, what a benchmark counts, ramp, start burst and drain included; steady, of a closed loop, from the first instant at which all are in flight until the first completion that is not replaced. measured if left out.',
      ),
    ...impatienceShape,
  },
  'what the client sees and does: {time, first_token, window, timeout, retries, backoff}',
);

type Input = Readonly<Record<string, unknown>>;

/** What of it is said. */
export function readImpatience(input: Input | undefined): Impatience {
  const read = (key: keyof Impatience, unit: 'time' | 'number') =>
    input?.[key] === undefined ? {} : { [key]: measured(input[key] as string | number, unit) };
  return { ...read('timeout', 'time'), ...read('retries', 'number'), ...read('backoff', 'time') };
}

/** Reads a section that was checked already. */
export function readClient(input: Input | undefined): ClientSpec {
  return {
    time: (input?.time as ClientSpec['time'] | undefined) ?? CLIENT.time,
    firstToken: (input?.first_token as ClientSpec['firstToken'] | undefined) ?? CLIENT.firstToken,
    window: (input?.window as ClientSpec['window'] | undefined) ?? CLIENT.window,
    impatience: readImpatience(input),
  };
}
