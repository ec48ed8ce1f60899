// When which instances of a fleet fail: at the times that a spec gives, and at those that are drawn from its seed.
import type { Failures } from '../../spec/fleet/failures.ts';
import { failingPools } from '../../spec/fleet/failures.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { STREAM_FAILURES } from '../../workload/draws.ts';
import { nextUniform, openStream } from '../../workload/streams.ts';
import { drawExponential } from '../../workload/variates.ts';
import type { FleetOutage, FleetProgram } from '../fleet.ts';
import type { BoundPool } from './bind-pools.ts';
import type { Blame } from './blame.ts';
import type { PoolClients } from './groups.ts';
import { startOf } from './scalers.ts';

/** More of them are no question about failures. */
const MOST = 100_000;

/** `last`: s, when the last request is sent; NaN where only the run tells. Nothing where no instance can fail. */
export function outagesOf(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  clients: ReadonlyMap<string, PoolClients>,
  last: number,
  blame: Blame,
): Pick<FleetProgram, 'outages' | 'failing'> {
  const failing: number[] = [];
  const outages: FleetOutage[] = [];
  failingPools(spec.pools).forEach(({ name, failures }, index) => {
    const [own, bound] = [clients.get(name), pools.get(name)];
    if (!failures || !own || !bound) return;
    const firsts = Array.from({ length: own.count }, (_, i) => own.first + i * own.ranks);
    const lasts = startOf(name, 'failures.restart', failures, bound, blame);
    checkTimes(name, failures, own.count, last, blame);
    failing.push(...firsts);
    failures.at.forEach((time, k) => {
      outages.push({ time, client: firsts[k % own.count]!, lasts });
    });
    if (failures.mtbf === null || !((last / failures.mtbf) * own.count <= MOST)) return;
    for (const [i, client] of firsts.entries()) {
      const seed = seedOf(spec.workload.seed, index, i);
      for (const time of drawTimes(failures.mtbf, lasts, last, seed)) outages.push({ time, client, lasts });
    }
  });
  if (failing.length === 0) return {};
  return { failing, outages: outages.sort((a, b) => a.time - b.time || a.client - b.client) };
}

function checkTimes(name: string, { mtbf, at }: Failures, count: number, last: number, blame: Blame): void {
  const path = ['fleet', name, 'failures'];
  if (mtbf !== null && Number.isNaN(last)) {
    const expected =
      'none where only the run tells when the last request is sent (closed loops, sessions): give the times (at)';
    blame([...path, 'mtbf'], expected, `${mtbf} s`);
  } else if (mtbf !== null && (last / mtbf) * count > MOST) {
    const expected = `one that lets the ${count} instances fail ${MOST} times at most in the ${last.toPrecision(4)} s of the run`;
    blame([...path, 'mtbf'], expected, `${mtbf} s`);
  }
  const late = at.filter((time) => time >= last);
  if (late.length === 0) return;
  const expected = `times before the last request comes, at ${last.toPrecision(4)} s`;
  blame([...path, 'at'], expected, `${late[0]} s`);
}

/** Every instance has a seed of its own, whatever others there are behind it. */
function seedOf(seed: number, pool: number, instance: number): number {
  const nth = (own: number, count: number) => {
    const stream = openStream(own, STREAM_FAILURES);
    for (let i = 0; i < count; i++) nextUniform(stream);
    return Math.floor(nextUniform(stream) * 2 ** 32);
  };
  return nth(nth(seed, pool), instance);
}

/** An instance is on for an exponential time, again and again. */
function drawTimes(mtbf: number, lasts: number, last: number, seed: number): number[] {
  const stream = openStream(seed, STREAM_FAILURES);
  const times: number[] = [];
  for (let at = mtbf * drawExponential(stream); at < last; at += lasts + mtbf * drawExponential(stream)) times.push(at);
  return times;
}
