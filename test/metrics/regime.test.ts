// Which regime a run is in: by its pools and by how many sequences its engines ran at a time.
import { expect, test } from 'vitest';
import { isApart, regimeOf } from '../../src/metrics/regime.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';

const engine = { kind: 'llm' };
const ran = (sequences: number, busySeconds = 2) => ({ runningSeconds: sequences * busySeconds, busySeconds });

test('crowded is more than 128 sequences a step on one engine at least; apart comes first; an idle engine is plain', () => {
  expect(regimeOf([engine], [ran(128)], false)).toBe('plain');
  expect(regimeOf([engine], [ran(129)], false)).toBe('crowded');
  expect(regimeOf([engine, engine], [ran(1), ran(500)], false)).toBe('crowded');
  expect(regimeOf([engine, engine], [ran(1), ran(500)], true)).toBe('apart');
  expect(regimeOf([engine], [ran(0, 0)], false)).toBe('plain');
});

test('sequences of clients that are no engines crowd nothing', () => {
  expect(regimeOf([{ kind: 'cores' }, engine], [ran(900), ran(3)], false)).toBe('plain');
});

test('a fleet is apart where a pool takes prompts alone', () => {
  const fleet = (...roles: string[]) =>
    ({ pools: roles.map((role) => ({ kind: 'llm', role })) }) as unknown as FleetSpec;
  expect([isApart(fleet('prefill', 'decode')), isApart(fleet('both')), isApart(fleet())]).toEqual([true, false, false]);
});
