// Ctrl-C and SIGTERM (what systemd, Kubernetes and batch queues send): heard alike, so that what was computed is answered and
// written. A second one ends the process at once.

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Stop = keyof typeof CODES;

export interface Interrupt {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** 0 until then; after it 130 (SIGINT) or 143 (SIGTERM), as shells count. */
  code(): number;
  /** Listens no more. */
  release(): void;
}

/** Listens from now on. */
export function heedInterrupts(): Interrupt {
  const abort = new AbortController();
  let code = 0;
  const listeners = (Object.keys(CODES) as Stop[]).map((name) => {
    const hear = () => {
      code = CODES[name];
      release();
      abort.abort();
    };
    return [name, hear] as const;
  });
  const release = () => {
    for (const [name, hear] of listeners) process.removeListener(name, hear);
  };
  for (const [name, hear] of listeners) process.on(name, hear);
  return { signal: abort.signal, code: () => code, release };
}
