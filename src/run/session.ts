// What simulations share: the catalog, one memory, the kernels on it, and the lowering of step surfaces.
import type { Catalog } from '../catalog/open.ts';
import { type Arena, openArena } from '../columns/arena.ts';
import type { Kernels } from '../kernels/interface.ts';
import { loadKernels } from '../kernels/load.ts';
import { fitsOf } from '../plan/efficiency.ts';
import { type Lowering, openLowering } from '../plan/lower.ts';

/** A catalog, a memory and the kernels on it. */
export interface Session {
  readonly catalog: Catalog;
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly lowering: Lowering;
}

/** Scratch that lowering takes for the life of a session. */
export const LOWERING_BYTES = 1 << 20;

/** A session on `arena` (default: a small memory of its own, enough to lower surfaces). */
export function openSession(
  catalog: Catalog,
  arena: Arena = openArena(LOWERING_BYTES),
  module?: WebAssembly.Module,
): Session {
  const kernels = loadKernels(arena.memory, module);
  return { catalog, arena, kernels, lowering: openLowering(fitsOf(catalog), kernels, arena) };
}
