// The only file that instantiates WebAssembly. The loader turns an abort of a debug build into a readable message.
import { instantiateSync } from '@assemblyscript/loader';
import { LAYOUT_VERSION } from '../../assembly/layout/version.ts';
import { fromBase64 } from '../host/host.ts';
import { KERNEL_BASE64 } from './binary.ts';
import type { Kernels } from './interface.ts';

let compiled: WebAssembly.Module | undefined;

/** The compiled release module; shared with workers, which instantiate it on the same memory. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(fromBase64(KERNEL_BASE64));
  return compiled;
}

/** Instantiates the kernels on `memory`. `module` may be a debug build (tests) or the module a worker was handed. */
export function loadKernels(memory: WebAssembly.Memory, module: WebAssembly.Module = kernelModule()): Kernels {
  const { exports } = instantiateSync(module, { env: { memory } });
  const kernels = exports as unknown as Kernels;
  const version = kernels.layoutVersion();
  if (version !== LAYOUT_VERSION) {
    throw new Error(`kernel binary has layout ${version}, this code expects ${LAYOUT_VERSION}: run npm run build`);
  }
  return kernels;
}
