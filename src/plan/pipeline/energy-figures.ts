// What a client draws: idle watts, and joules per step, token, pair and context token on top.
import * as surface from '../../../assembly/layout/surface.ts';
import type { Held } from '../clocks.ts';
import { type EnergyFigures, HOST_IDLE_SHARE, mostWatts } from '../energy.ts';

/** Of a surface; or of so many watts at full load, which only idle until work is priced. Null where the watts are unknown. */
export function energyFigures(watts: number | null, table?: Float64Array): EnergyFigures | null {
  if (!table)
    return watts === null
      ? null
      : { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: HOST_IDLE_SHARE * watts };
  if (!(table[surface.SURFACE_DEVICES]! > 0) || Number.isNaN(table[surface.SURFACE_IDLE_W])) return null;
  return {
    perStep: table[surface.SURFACE_J_STEP]!,
    perToken: table[surface.SURFACE_J_TOKEN]!,
    perPair: table[surface.SURFACE_J_PAIR]!,
    perContext: table[surface.SURFACE_J_CONTEXT]!,
    perDraftStep: table[surface.SURFACE_J_DRAFT_STEP],
    perDraft: table[surface.SURFACE_J_DRAFT],
    idleW: table[surface.SURFACE_IDLE_W]!,
    ...limitsOf(table),
  };
}

/** Of a surface of steps; searches have none: what they draw busy is in their work. */
function limitsOf(table: Float64Array): Pick<EnergyFigures, 'busyW' | 'mostW'> {
  const busyW = table[surface.SURFACE_BUSY_W]!;
  return busyW > 0 ? { busyW, mostW: mostWatts(table[surface.SURFACE_IDLE_W]!) } : {};
}

/** W at which the boards of an engine on a surface are held: by their power, and by a limit of their own. */
export function heldWatts(
  table: Float64Array,
  { power_limit: limit = Number.POSITIVE_INFINITY }: Held,
  devices: number,
): number {
  return Math.min(limitsOf(table).mostW ?? Number.POSITIVE_INFINITY, limit * devices);
}
