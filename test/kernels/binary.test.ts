// The compiled kernels: what they import and export, where their data lies, and what a mistake of ours says in a debug build.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CLIENT_BLOCK_SIZE, CLIENT_FIRST, CLIENT_PARAMETERS } from '../../assembly/layout/client.ts';
import { RUN_CLIENTS, RUN_REPLICAS } from '../../assembly/layout/run.ts';
import { openArena } from '../../src/columns/arena.ts';
import { KERNEL_BASE64 } from '../../src/kernels/binary.ts';
import { kernelModule, loadKernels } from '../../src/kernels/load.ts';
import { placeRunRecord } from '../../src/run/run-record.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
const debugModule = new WebAssembly.Module(read('build/kernel.debug.wasm'));
const importsOf = (module: WebAssembly.Module) =>
  WebAssembly.Module.imports(module).map(({ module: from, name, kind }) => `${from}.${name} ${kind}`);

/** Unsigned LEB128, as WebAssembly writes its integers: the value, and where the next byte is. */
function readInteger(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

/** One past the last byte of a module's static data (section 11; every segment starts with i32.const OFFSET end). */
function endOfData(bytes: Uint8Array): number {
  let end = 0;
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at]!;
    const [size, start] = readInteger(bytes, at + 1);
    at = start + size;
    if (id !== 11) continue;
    let [segments, cursor] = readInteger(bytes, start);
    for (; segments > 0; segments--) {
      const [mode, afterMode] = readInteger(bytes, cursor);
      let offset = 0;
      cursor = afterMode;
      if (mode === 0) [offset, cursor] = readInteger(bytes, cursor + 1);
      if (mode === 0) cursor++; // the `end` of the offset expression
      const [length, data] = readInteger(bytes, cursor);
      end = Math.max(end, offset + length);
      cursor = data + length;
    }
  }
  return end;
}

describe('the release kernels', () => {
  test('import nothing but their memory', () => {
    expect(importsOf(kernelModule())).toEqual(['env.memory memory']);
  });

  test('are the ones that the library embeds', () => {
    expect(KERNEL_BASE64).toBe(read('build/kernel.wasm').toString('base64'));
  });

  test('export exactly what src/kernels/interface.ts declares', () => {
    const declared = read('src/kernels/interface.ts')
      .toString()
      .matchAll(/^ {2}(\w+)\(/gm);
    const exported = WebAssembly.Module.exports(kernelModule()).filter(({ kind }) => kind === 'function');
    expect(exported.map(({ name }) => name).sort()).toEqual(Array.from(declared, (match) => match[1]).sort());
  });

  test('keep their data below the arena, release and debug', () => {
    const arenaStart = openArena(64).mark();
    for (const build of ['kernel', 'kernel.debug'])
      expect(endOfData(read(`build/${build}.wasm`))).toBeLessThan(arenaStart);
    expect(endOfData(read('build/kernel.debug.wasm'))).toBeGreaterThan(1024); // its messages: the parser finds them
  });
});

describe('a debug build', () => {
  const arena = openArena(1 << 20);
  const kernels = loadKernels(arena.memory, debugModule);
  const record = placeRunRecord(arena);
  const run = record.cells.byteOffset;

  test('imports an abort beside the memory', () => {
    expect(importsOf(debugModule).sort()).toEqual(['env.abort function', 'env.memory memory']);
  });

  test('says which rule was broken, and where', () => {
    record.cells.fill(0);
    expect(() => kernels.engineRun(run)).toThrow(/engineRun before engineReset.*assembly\/engine\/run\.ts:\d+:\d+/);
    expect(() => kernels.engineReset(run, 64)).toThrow(/replicas must be positive/);
    record.words[RUN_REPLICAS * 2] = 1;
    const client = arena.f64(CLIENT_PARAMETERS).fill(0);
    record.words[RUN_CLIENTS * 2] = client.byteOffset;
    expect(() => kernels.engineReset(run, 64)).toThrow(/block size must be positive/);
    new Int32Array(client.buffer, client.byteOffset)[(CLIENT_BLOCK_SIZE - CLIENT_FIRST) * 2] = 16;
    expect(() => kernels.engineReset(run, 100)).toThrow(/not 64-byte aligned/);
    expect(() => kernels.priceOps(0, -1, 64, 64, 64, 0, 0, 0, 1, 0)).toThrow(/priceOps: negative number of rows/);
    expect(() => kernels.selectRank(64, 0, 3, 3)).toThrow(/need 0 <= from <= rank < n/);
  });
});

test('a binary of another layout is refused by name', () => {
  // (module (memory imported) (func (export "layoutVersion") (result i32) i32.const 0)), written out by hand
  const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 17, 1, 13];
  const name = Array.from('layoutVersion', (letter) => letter.charCodeAt(0));
  const foreign = new WebAssembly.Module(Uint8Array.from([...bytes, ...name, 0, 0, 10, 6, 1, 4, 0, 0x41, 0, 0x0b]));
  expect(() => loadKernels(openArena(64).memory, foreign)).toThrow(/kernel binary has layout 0, this code expects \d+/);
});
