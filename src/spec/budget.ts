// The budget section: what a deployment may take at most of what is scarce, beside the limits on its latencies.
import { measured } from '../check/units.ts';

/** At most so much of each; absent = as much as it takes. */
export interface Budget {
  readonly devices?: number;
  readonly usd_per_hour?: number;
  /** Of the site: PUE included. */
  readonly watts?: number;
  /** s from the first arrival until the last request is done. */
  readonly deadline?: number;
}

type Written = { readonly [key in keyof Budget]?: unknown };

/** Reads a section that was checked already. */
export function readBudget({ devices, usd_per_hour: usd, watts, deadline }: Written): Budget {
  const read = (value: unknown, unit: 'number' | 'power' | 'time') => measured(value as number | string, unit);
  return {
    ...(devices === undefined ? {} : { devices: read(devices, 'number') }),
    ...(usd === undefined ? {} : { usd_per_hour: read(usd, 'number') }),
    ...(watts === undefined ? {} : { watts: read(watts, 'power') }),
    ...(deadline === undefined ? {} : { deadline: read(deadline, 'time') }),
  };
}

function timeWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const [of, unit] = seconds < 3600 ? [60, 'min'] : [3600, 'h'];
  return `${Number((seconds / of).toPrecision(6))} ${unit}`;
}

const WORDS: Readonly<Record<keyof Budget, (limit: number) => string>> = {
  devices: (limit) => `${limit} devices`,
  usd_per_hour: (limit) => `$${limit}/h`,
  watts: (limit) => (limit >= 1000 ? `${limit / 1000} kW` : `${limit} W`),
  deadline: (limit) => `${timeWords(limit)} for all requests`,
};

/** "16 devices", "$30/h", "10 kW": for people, in the order of the list. */
export function explainBudget(budget: Budget): string[] {
  return (Object.keys(WORDS) as (keyof Budget)[]).flatMap((key) => {
    const limit = budget[key];
    return limit === undefined ? [] : [WORDS[key](limit)];
  });
}
