// From the client section of a spec to what a run is asked for and measured by.
import type { ClientView } from '../metrics/fleet/client-view.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import { CLIENT } from '../spec/fleet/client.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { FleetRun } from './fleet.ts';
import type { Marks } from './fleet-window.ts';

type Asked = Partial<Pick<FleetSpec, 'client'>>;

/** The window that is measured, nothing where it is the whole run. */
export function measuredWindow(
  { client = CLIENT }: Asked,
  { program }: Pick<LoweredFleet, 'program'>,
): { window?: Marks } {
  if (client.window === 'all') return {};
  const { count, concurrency } = program.requests;
  const slots = program.clients.reduce((sum, { kind, maxNumSeqs }) => sum + (kind === 'llm' ? maxNumSeqs : 0), 0);
  return { window: { running: Math.min(concurrency, slots), finished: count - concurrency + 1 } };
}

export const NEVER_STEADY = 'the steady window never opened: the KV cache never lets so many requests run at once';

/** How the client sees a run; nothing where it sees what the engines do. */
export function viewOf(
  { client = CLIENT }: Asked,
  { clients }: Pick<LoweredFleet, 'clients'>,
  run: FleetRun,
): { client?: ClientView } {
  const { time, firstToken, window } = client;
  if (time === 'none' && firstToken === 'prefill' && window === 'all') return {};
  const ways = time === 'profile' && clients.some(({ way }) => way) ? clients.map(({ way }) => way ?? null) : null;
  if (!ways && firstToken === 'prefill' && window === 'all') return {};
  return { client: { ways, firstToken, window: window === 'all' ? null : (run.window ?? neverOpen(run)) } };
}

function neverOpen({ clients, itl }: FleetRun): NonNullable<FleetRun['window']> {
  return { from: 0, to: 0, counters: clients, itl: { ...itl, weights: new Float64Array(itl.weights.length) } };
}
