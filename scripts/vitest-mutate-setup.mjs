// A mutant is dead at the first counterexample: nobody reads a smaller one.
import fc from 'fast-check';
import { beforeEach } from 'vitest';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });

/** Tests of seconds each, of which every mutant would have to wait for all: what these would find, a quicker one of the same room must. */
const SLOW = [
  'break no law on any device',
  'never costs less over a link that is worse in everything',
  'lower to right programs that run to their end',
  'any plain spec and its written-out fleet',
  'and give the same bytes of results',
  'throws nothing but the mistakes of the user',
  'prompts whose tokens may cost nothing',
  'L10: what is ruled out misses the promise',
  'with 2 workers',
  '{"workers":2',
  'are those of the faster kernel',
  'share a processor',
];

beforeEach(({ task, skip }) => {
  if (SLOW.some((words) => task.name.includes(words))) skip();
});
