// Lowering on the plain TypeScript kernels gives the very surface that the WebAssembly kernels give.
import { expect, test } from 'vitest';
import { twinKernels } from '../../bench/twins/kernels.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { openArena } from '../../src/columns/arena.ts';
import type { Kernels } from '../../src/kernels/interface.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { lowerSurface, openLowering } from '../../src/plan/lower.ts';
import type { SurfaceKey } from '../../src/plan/surface-key.ts';
import { LOWERING_BYTES } from '../../src/run/session.ts';

const catalog = openCatalog();

function lower(
  key: SurfaceKey,
  change: (kernels: Kernels, arena: ReturnType<typeof openArena>) => Kernels,
): Float64Array {
  const arena = openArena(LOWERING_BYTES);
  const kernels = change(loadKernels(arena.memory), arena);
  return lowerSurface(key, openLowering(fitsOf(catalog), kernels, arena)).table;
}

test.each([
  ['llama-3.1-70b', 'h100-sxm-80gb', 8, 2, 1],
  ['deepseek-v3', 'mi300x', 8, 1, 8],
  ['gemma-3-27b', 'l40s', 2, 1, 1],
])('%s on %s', (model, hardware, tp, pp, ep) => {
  const key: SurfaceKey = {
    model: catalog.model(model),
    hardware: catalog.hardware(hardware),
    profile: catalog.engine('vllm-0.11'),
    quantization: 'auto',
    kv: 'auto',
    tp,
    pp,
    dp: 1,
    ep,
  };
  const used: string[] = [];
  const watched = (kernels: Kernels, arena: ReturnType<typeof openArena>): Kernels => {
    const twins = twinKernels(kernels, arena);
    const watch = <Name extends keyof Kernels>(name: Name): Kernels[Name] =>
      ((...numbers: never[]) => {
        used.push(name);
        return (twins[name] as (...numbers: never[]) => unknown)(...numbers);
      }) as unknown as Kernels[Name];
    return { ...twins, priceLines: watch('priceLines'), priceCollective: watch('priceCollective') };
  };
  expect(lower(key, watched)).toEqual(lower(key, (kernels) => kernels));
  expect([...new Set(used)].sort()).toContain('priceLines');
});
