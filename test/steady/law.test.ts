// L14 over random fleets of known capacity: outside 3 % of it the word never turns from overloaded to stable, as the rate or the run grows.
// Deeper (MIST_DEPTH) it looks at more of them, 300 at most, and at longer runs: that many take half an hour on one core.
import { describe, expect, it } from 'vitest';
import { keepsUp, type Verdict } from '../../src/metrics/types.ts';
import { DEPTH, runs } from '../depth.ts';
import { capacityOf, drawFleet, figuresAt, strayOf } from './fleets.ts';

const DEEP = DEPTH > 1;
const MOST = 300;
const LENGTHS = DEEP ? [250, 500, 1000, 2000, 4000, 8000] : [250, 1000, 3000];
const LOADS = DEEP ? [0.5, 0.8, 0.9, 0.96, 1.04, 1.1, 1.5, 3] : [0.7, 0.96, 1.04, 1.4];
const SATURATING = DEEP ? 8000 : 4000;
/** So near its capacity, and as far as chance moves the load of a run, a fleet may be called either. */
const NEAR = 0.03;

/** Whether some word says that it keeps up after one that said it does not. */
const turnsBack = (words: readonly Verdict[]): boolean =>
  words.slice(Math.max(0, words.indexOf('overloaded'))).some(keepsUp) && words.includes('overloaded');

describe('L14: the word', () => {
  it.each(Array.from({ length: Math.min(MOST, runs(8)) }, (_, i) => i))(
    'does not depend on chance (fleet %i)',
    (n) => {
      const fleet = drawFleet(n);
      const capacity = capacityOf(fleet, SATURATING);
      const { least, most } = capacity;
      const words = LOADS.map((load) => LENGTHS.map((count) => figuresAt(fleet, load * least, count).verdict));
      const told = `${fleet.words}\n${least} to ${most} requests/s\n${LOADS.map((load, i) => `${load}: ${words[i]!.join(' ')}`).join('\n')}`;
      for (const list of words) expect(turnsBack(list), told).toBe(false);
      for (const [k] of LENGTHS.entries()) expect(turnsBack(words.map((list) => list[k]!)), told).toBe(false);
      for (const [i, load] of LOADS.entries()) {
        for (const [k, word] of words[i]!.entries()) {
          const stray = Math.hypot(strayOf(fleet, LENGTHS[k]!), strayOf(fleet, SATURATING / 2));
          if (load < 1 - NEAR) expect(word, told).not.toBe('overloaded');
          if (load * least * (1 - stray) > most * (1 + NEAR)) expect(keepsUp(word), told).toBe(false);
        }
      }
    },
    1e7,
  );
});
