// Fails where a run is worse than another: node compare.mjs BEFORE.json AFTER.json PERCENT (results of mist run --json).
import { readFileSync } from 'node:fs';

const METRICS = ['p99_ttft_ms', 'p99_tpot_ms', 'p99_e2el_ms'];
const [, , before, after, percent] = process.argv;
if (!(Number(percent) >= 0)) {
  console.error('usage: node compare.mjs BEFORE.json AFTER.json PERCENT');
  process.exit(2);
}
const [old, now] = [before, after].map((file) => JSON.parse(readFileSync(file, 'utf8')));
let worse = 0;
for (const metric of METRICS) {
  const change = 100 * ((now[metric] ?? Number.NaN) / (old[metric] ?? Number.NaN) - 1);
  // a figure that is gone, or was never there, is no better
  const falls = !(change <= Number(percent));
  worse += falls ? 1 : 0;
  console.log(`${falls ? 'WORSE' : 'ok   '}  ${metric}  ${old[metric]} -> ${now[metric]}  (${change.toFixed(1)} %)`);
}
if (old.mist.slo_met && !now.mist.slo_met) {
  worse++;
  console.log('WORSE  the limits of slo are no longer kept');
}
process.exit(worse > 0 ? 1 : 0);
