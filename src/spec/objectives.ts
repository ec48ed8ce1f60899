// What the best deployment has least of, or most: the closed list of objectives. Its figure is a line in metrics/objective.ts.

interface ObjectiveEntry {
  readonly better: 'less' | 'more';
  /** What the best one is called. */
  readonly words: string;
  /** Whether it needs prices. */
  readonly priced: boolean;
  /** Whether it needs watts. */
  readonly metered: boolean;
  /** Whether the screen knows what no row can undercut; of others every row is weighed by itself. */
  readonly screened: boolean;
}

export const OBJECTIVE = {
  usd_per_hour: { better: 'less', words: 'Cheapest', priced: true, metered: false, screened: true },
  usd_per_million_tokens: { better: 'less', words: 'Cheapest per token', priced: true, metered: false, screened: true },
  output_throughput_per_device: {
    better: 'more',
    words: 'Most tokens per device',
    priced: false,
    metered: false,
    screened: true,
  },
  tokens_per_joule: { better: 'more', words: 'Most tokens per joule', priced: false, metered: true, screened: true },
  devices: { better: 'less', words: 'Fewest devices', priced: false, metered: false, screened: true },
  watts: { better: 'less', words: 'Least power', priced: false, metered: true, screened: true },
  goodput: {
    better: 'more',
    words: 'Most requests a second within the limits',
    priced: false,
    metered: false,
    screened: false,
  },
  total_usd: { better: 'less', words: 'Cheapest for all requests', priced: true, metered: false, screened: false },
} as const satisfies Readonly<Record<string, ObjectiveEntry>>;

export type Objective = keyof typeof OBJECTIVE;
/** In the order in which they are offered. */
export const OBJECTIVES = Object.keys(OBJECTIVE) as Objective[];
