// Surfaces that many deployments of one session share: each is lowered once.
import { type LoweredSurface, type Lowering, lowerSurface } from './lower.ts';
import { type SurfaceKey, shapeName } from './surface-key.ts';

const books = new WeakMap<Lowering, Map<string, LoweredSurface>>();

/** From now on surfaces of this lowering are kept (about 28 KB each) for whoever asks again. */
export function keepSurfaces(lowering: Lowering): void {
  if (!books.has(lowering)) books.set(lowering, new Map());
}

/** The surface of a key: one that was kept, or a new one. */
export function surfaceOf(key: SurfaceKey, lowering: Lowering): LoweredSurface {
  const book = books.get(lowering);
  if (!book) return lowerSurface(key, lowering);
  const { model, hardware, profile, groups = 'even', steps } = key;
  const name = [model.id, hardware.id, hardware.tdp_w, profile.id, shapeName(key), groups, steps?.id].join('|');
  let surface = book.get(name);
  if (!surface) {
    surface = lowerSurface(key, lowering);
    book.set(name, surface);
  }
  return surface;
}
