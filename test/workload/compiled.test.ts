// assembly/random compiles under asc as well as tsc, and both give the same bits.
import { main } from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import * as elementary from '../../assembly/random/elementary.ts';
import * as generator from '../../assembly/random/mrg32k3a.ts';
import * as normal from '../../assembly/random/normal.ts';
import { nextUniform, openStream } from '../../src/workload/streams.ts';

const FILES = ['elementary.ts', 'mrg32k3a.ts', 'normal.ts'];
type Functions = Record<string, (...numbers: number[]) => number>;

async function compile(): Promise<Functions> {
  let binary: Uint8Array | null = null;
  const options = ['--baseDir', 'assembly/random', '--runtime', 'stub', '--outFile', 'random.wasm'];
  const { error } = await main([...FILES, ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) binary = contents as Uint8Array;
    },
  });
  expect(error).toBeNull();
  const { instance } = await WebAssembly.instantiate(binary as unknown as BufferSource);
  return instance.exports as unknown as Functions;
}

/** Every exported function at numbers that come from one stream. */
function evaluate(functions: Functions): number[] {
  const stream = openStream(5, 0);
  const values: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const [x0, x1, x2, y0, y1, y2] = stream;
    const u = nextUniform(stream);
    values.push(
      functions.combine(functions.stepFirst(x0, x1), functions.stepSecond(y0, y2)),
      functions.jumpFirst(i % 3, x0, x1, x2),
      functions.jumpSecond(i % 3, y0, y1, y2),
      functions.naturalLog(u),
      functions.naturalLog(u * 1e200),
      functions.naturalExp(100 * u - 50),
      functions.normalCentre(u - 0.5),
      functions.normalTail(10 * u),
    );
  }
  return values;
}

test('asc compiles the streams to the same bits', async () => {
  const host = { ...elementary, ...generator, ...normal } as unknown as Functions;
  expect(evaluate(await compile())).toEqual(evaluate(host));
});
