// What a client draws: idle watts, and joules per step, token, pair and context token on top.
import * as surface from '../../../assembly/layout/surface.ts';
import { type EnergyFigures, IDLE_SHARE } from '../energy.ts';

/** Of a surface; or of so many watts at full load, which only idle until work is priced. Null where the watts are unknown. */
export function energyFigures(watts: number | null, table?: Float64Array): EnergyFigures | null {
  if (!table)
    return watts === null ? null : { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: IDLE_SHARE * watts };
  if (!(table[surface.SURFACE_DEVICES] > 0) || Number.isNaN(table[surface.SURFACE_IDLE_W])) return null;
  return {
    perStep: table[surface.SURFACE_J_STEP],
    perToken: table[surface.SURFACE_J_TOKEN],
    perPair: table[surface.SURFACE_J_PAIR],
    perContext: table[surface.SURFACE_J_CONTEXT],
    perDraftStep: table[surface.SURFACE_J_DRAFT_STEP],
    perDraft: table[surface.SURFACE_J_DRAFT],
    idleW: table[surface.SURFACE_IDLE_W],
  };
}
