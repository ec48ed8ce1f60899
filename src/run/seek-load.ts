// The highest load at which a row keeps its promise, found as `mist size --max-load` finds it, and the run there.
import { UserError } from '../check/issue.ts';
import { lostIn } from '../metrics/limits.ts';
import { keepsUp } from '../metrics/types.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { loadKindOf } from './load.ts';
import { findMaxLoad, type Probed } from './max-load.ts';
import type { SoughtRow } from './protocol.ts';
import { type SimulatedRow, type Simulator, simulateRow } from './simulate-row.ts';

interface Ran extends Probed {
  readonly simulated: SimulatedRow | null;
}

/** `spec` throws UserError where the row cannot be. */
export async function seekLoad(simulator: Simulator, spec: () => FleetSpec, tolerance: number): Promise<SoughtRow> {
  try {
    const own = spec();
    const kind = loadKindOf(own);
    if (!kind) return { load: 0, simulated: null, refused: 'requests come all at once: there is no load to turn' };
    const run = (one: FleetSpec): SimulatedRow => simulateRow(simulator, one, false);
    const probe = async (load: number): Promise<Ran> => {
      const simulated = run(kind.set(own, load));
      const { result } = simulated;
      return { load, keeps: result.slo_met, keepsUp: lostIn(result) === 0 && keepsUp(result.verdict), simulated };
    };
    const start = kind.of(own) || kind.offered(run(own).result);
    const { best } = await findMaxLoad(probe, { ...kind, tolerance, start });
    return {
      load: best?.load ?? 0,
      simulated: best?.simulated ?? null,
      refused: best ? '' : 'keeps its promise at no load',
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { path, expected } = error.issues[0]!;
    return { load: 0, simulated: null, refused: `${path}: not ${expected}` };
  }
}
