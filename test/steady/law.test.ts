// L14 over random fleets of known capacity: outside 3 % of it the word never turns from overloaded to stable, as the rate or the run grows.
// MIST_FLEETS=300 npx vitest run test/steady/law.test.ts looks at so many, at longer runs (hours on one core).
import { describe, expect, it } from 'vitest';
import { keepsUp, type Verdict } from '../../src/metrics/types.ts';
import { capacityOf, drawFleet, figuresAt } from './fleets.ts';

const asked = Number(process.env.MIST_FLEETS ?? 0);
const FIRST = Number(process.env.MIST_FIRST ?? 0);
const FLEETS = asked || 8;
const LENGTHS = asked ? [250, 500, 1000, 2000, 4000, 8000] : [250, 1000, 3000];
const LOADS = asked ? [0.5, 0.8, 0.9, 0.96, 1.04, 1.1, 1.5, 3] : [0.7, 0.96, 1.04, 1.4];
const SATURATING = asked ? 8000 : 4000;

/** Whether some word says that it keeps up after one that said it does not. */
const turnsBack = (words: readonly Verdict[]): boolean =>
  words.slice(Math.max(0, words.indexOf('overloaded'))).some(keepsUp) && words.includes('overloaded');

describe('L14: the word', () => {
  it.each(Array.from({ length: FLEETS }, (_, i) => FIRST + i))(
    'does not depend on chance (fleet %i)',
    (n) => {
      const fleet = drawFleet(n);
      const capacity = capacityOf(fleet, SATURATING);
      const words = LOADS.map((load) => LENGTHS.map((count) => figuresAt(fleet, load * capacity, count).verdict));
      const told = `${fleet.words}\n${capacity} requests/s\n${LOADS.map((load, i) => `${load}: ${words[i]!.join(' ')}`).join('\n')}`;
      if (asked)
        console.log(n, capacity.toPrecision(4), words.map((list) => list.map((word) => word[0]).join('')).join(' '));
      for (const list of words) expect(turnsBack(list), told).toBe(false);
      for (const [k] of LENGTHS.entries()) expect(turnsBack(words.map((list) => list[k]!)), told).toBe(false);
      for (const [i, load] of LOADS.entries()) {
        for (const word of words[i]!) expect(load < 1 ? word !== 'overloaded' : !keepsUp(word), told).toBe(true);
      }
    },
    asked ? 1e7 : 60_000,
  );
});
