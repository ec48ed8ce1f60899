import { openArena } from '../src/columns/arena.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { fillRunRecord, placeRequests, placeRunRecord, readCounters, requestBytes, RUN_RECORD_BYTES, runRecord, workingSetBytes } from '../src/run/engine.ts';
import { makeChat, makeSetup } from './scenario.ts';
const [rate, count, replicas, mns, blocks] = process.argv.slice(2).map(Number);
const setup = { ...makeSetup(replicas || 1), ...(mns ? { maxNumSeqs: mns } : {}), ...(blocks ? { numGpuBlocks: blocks } : {}) };
const t = performance.now();
const requests = makeChat(count, rate);
console.log('make ms', performance.now() - t, 'blocks', setup.numGpuBlocks);
let maxOutput = 1; for (let i = 0; i < count; i++) maxOutput = Math.max(maxOutput, requests.output[i]);
const arena = openArena(requestBytes(count) + RUN_RECORD_BYTES + workingSetBytes({ count, maxOutput }, setup) + 4096);
const kernels = loadKernels(arena.memory);
const placed = placeRequests(arena, requests);
const record = placeRunRecord(arena);
for (const leap of ['exact', 'closed', 'none'] as const) {
  for (const histogram of [true, false]) {
  const times = [];
  for (let i = 0; i < 7; i++) {
    const t0 = performance.now();
    fillRunRecord(record, placed, setup, { leap, histogram });
    runRecord(kernels, arena, record, placed, { leap, histogram });
    times.push(performance.now() - t0);
  }
  times.sort((a, b) => a - b);
  const c = readCounters(record);
  let end = 0; for (let i = 0; i < count; i++) end = Math.max(end, placed.finish[i]);
  console.log(leap, histogram, 'min', (count / times[0] / 1e3).toFixed(2), 'med', (count / times[3] / 1e3).toFixed(2), 'M req/s; steps/req', (c.steps / count).toFixed(2), 'meanbatch', (c.runningSeconds / c.busySeconds).toFixed(1), 'util', (c.busySeconds / (replicas || 1) / end).toFixed(3), 'preempt', c.preemptions, 'end', end.toFixed(0), 'of', (count / rate).toFixed(0), 'peak', c.peakBlocks);
  }
}
