// Preloaded into a timed process: writes its peak memory to a file when it exits.
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.env.MIST_BENCH_USAGE) {
  const file = process.env.MIST_BENCH_USAGE;
  process.on('exit', () => appendFileSync(file, `${process.resourceUsage().maxRSS}\n`)); // KB
}
