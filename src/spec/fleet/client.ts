// The client section: what of a run the sender of the requests sees and counts.
import { section, word } from '../leaf.ts';

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
}

/** Parts of a run that figures can be of; the first is the default. */
export const WINDOWS = ['measured', 'all', 'steady'] as const;
export type WindowName = (typeof WINDOWS)[number];

export const CLIENT: ClientSpec = { time: 'profile', firstToken: 'prefill', window: WINDOWS[0] };

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
  },
  'what the client sees: {time, first_token, window}',
);

type Input = { readonly time?: unknown; readonly first_token?: unknown; readonly window?: unknown };

/** Reads a section that was checked already. */
export function readClient(input: Input | undefined): ClientSpec {
  return {
    time: (input?.time as ClientSpec['time'] | undefined) ?? CLIENT.time,
    firstToken: (input?.first_token as ClientSpec['firstToken'] | undefined) ?? CLIENT.firstToken,
    window: (input?.window as ClientSpec['window'] | undefined) ?? CLIENT.window,
  };
}
