// People in place of a rate: how many, which share of them is at work, and how often one who is asks.
import { count, quantity, readShare, section, share } from './leaf.ts';
import { MAX_COUNT } from './limits.ts';
import { rateOfUsers } from './user-rate.ts';
import { number, type Part } from './world.ts';

const ACTIVE = 'a share above 0 and at most 100 %';

export const users = section(
  {
    count: count(1, MAX_COUNT).describe('Everybody who may ask.'),
    active: share(ACTIVE, true).optional().describe('Share of them who are at work at one time; all if left out.'),
    requests_per_hour: quantity('number', 'requests an hour above 0', { above: 0 }).describe('Of one who is at work.'),
  },
  'users: {count, active, requests_per_hour}',
);

/** Requests/s of the users of a spec. */
export function readUsers({ count: people, active, requests_per_hour: often }: Part): number {
  return rateOfUsers(
    number(people, 0),
    active === undefined ? 1 : readShare(active as string | number),
    number(often, 0),
  );
}
