// What must hold of every program, whatever spec it came from: counts that add up, walks that begin and end once, blocks let go.

import { expect } from 'vitest';
import { splitsMembers } from '../../src/check/scheduler-lists.ts';
import { type FleetProgram, VISIT_HOLD, VISIT_LOCAL, VISIT_PREFIX, VISIT_RESIDENT } from '../../src/plan/fleet.ts';

export function checkProgram(program: FleetProgram): void {
  const { visits, requests } = program;
  const waits = new Int32Array(visits.count);
  const holders = new Int32Array(visits.count);
  for (let v = 0; v < visits.count; v++) {
    checkVisit(program, v);
    if (visits.lets[v] >= 0) holders[visits.lets[v]]++;
    for (let e = visits.edgeAt[v]; e < visits.edgeAt[v + 1]; e++) {
      const to = visits.edgeTo[e];
      expect(visits.request[to]).toBe(visits.request[v]);
      waits[to]++;
      if (visits.edgeBytes[e] > 0 && visits.flags[v] & VISIT_HOLD) holders[v]++;
      if (visits.edgeLayers[e] > 0) expect(visits.edgeBytes[e]).toBeGreaterThan(0);
    }
  }
  expect([...waits]).toEqual([...visits.pending]);
  expect([...holders]).toEqual([...visits.holders]);
  expect(visits.edgeAt[visits.count]).toBe(visits.edgeTo.length);
  for (let r = 0; r < requests.count; r++) checkRequest(program, r);
  const roots = requests.turns?.roots ?? requests.count;
  for (let r = 1; r < roots; r++) expect(requests.arrival[r]).toBeGreaterThanOrEqual(requests.arrival[r - 1]);
  for (let r = 0; r < requests.count; r++) {
    const after = requests.turns?.after[r] ?? -1;
    expect(after >= 0 && after < r).toBe(r >= roots);
    expect(requests.turns?.delay[r] ?? 0).toBeGreaterThanOrEqual(0);
  }
  checkPlaces(program);
}

function checkVisit({ visits, groups, clients, stages, hashCount }: FleetProgram, v: number): void {
  expect(visits.prompt[v]).toBeGreaterThanOrEqual(1);
  expect(visits.output[v]).toBeGreaterThanOrEqual(1);
  expect(visits.stage[v]).toBeLessThan(stages.length);
  const { members } = groups[visits.group[v]];
  expect(members.length).toBeGreaterThan(0);
  const held = (visits.flags[v] & VISIT_HOLD) !== 0;
  expect(visits.holders[v] > 0).toBe(held);
  const { [v]: anchor } = visits.sameAs;
  if (visits.shared[v] > 0) {
    expect(anchor).toBeGreaterThanOrEqual(0);
    expect(visits.lets[v]).toBe(anchor);
    expect(visits.flags[anchor] & VISIT_HOLD).toBe(VISIT_HOLD);
    expect(visits.group[anchor]).toBe(visits.group[v]);
    // what is shared is what the anchor has in its cache when it ends
    const resident = (visits.flags[anchor] & VISIT_RESIDENT) !== 0 ? 1 : 0;
    expect(visits.shared[v]).toBe(visits.prompt[anchor] - resident + visits.output[anchor] - 1 + resident);
    expect(visits.prompt[v]).toBeGreaterThan(visits.shared[v]);
  }
  if (visits.flags[v] & VISIT_LOCAL) {
    // it follows a visit before it, and has a group of clients wherever that one is served
    expect(anchor).toBeGreaterThanOrEqual(0);
    expect(anchor).toBeLessThan(v);
    for (const c of groups[visits.group[anchor]].members) {
      const { members: part } = groups[visits.group[v] + clients[c].localGroup];
      expect(clients[c].localGroup === 0 || part.every((d) => clients[d].localGroup === clients[c].localGroup)).toBe(
        true,
      );
    }
  }
  for (let h = visits.hashAt[v]; h < visits.hashAt[v + 1]; h++) expect(visits.hashIds[h]).toBeLessThan(hashCount);
  if (visits.flags[v] & VISIT_PREFIX) expect(members.some((c) => clients[c].prefixCaching === true)).toBe(true);
  if (visits.writes[v] >= 0) expect(clients[visits.writes[v]].kind).toBe('store');
  if (visits.fetches[v] >= 0) {
    expect(visits.request[visits.fetches[v]]).toBe(visits.request[v]);
    expect(members.every((c) => clients[c].kind === 'store')).toBe(true);
  }
}

/** One root, the first visit; everything is reached from it; one end, and everything leads to it. */
function checkRequest({ visits, requests }: FleetProgram, r: number): void {
  const first = requests.first[r];
  const end = requests.first[r + 1];
  expect(requests.last[r]).toBeGreaterThanOrEqual(first);
  expect(requests.last[r]).toBeLessThan(end);
  const left = visits.pending.slice(first, end);
  const ready = [first];
  const loose: number[] = [];
  expect(left[0]).toBe(0);
  let seen = 0;
  for (let v = ready.pop(); v !== undefined; v = ready.pop()) {
    seen++;
    if (visits.edgeAt[v] === visits.edgeAt[v + 1]) loose.push(v);
    for (let e = visits.edgeAt[v]; e < visits.edgeAt[v + 1]; e++) {
      if (--left[visits.edgeTo[e] - first] === 0) ready.push(visits.edgeTo[e]);
    }
  }
  expect(seen).toBe(end - first);
  expect(loose).toEqual([requests.last[r]]);
}

function checkPlaces({ clients, groups, links, locations, paths, channels }: FleetProgram): void {
  expect(paths.length).toBe(locations * locations);
  for (const path of paths) for (const link of path) expect(links[link]).toBeDefined();
  for (const { location, channel, demand, tiers } of clients) {
    expect(location).toBeLessThan(locations);
    expect(channel).toBeLessThan(channels);
    if (channel >= 0) expect(demand).toBeGreaterThan(0);
    expect(demand).toBeLessThanOrEqual(1);
    for (const { link, blocks } of tiers) {
      expect(links[link]).toBeDefined();
      expect(blocks).toBeGreaterThan(0);
    }
  }
  for (const { members, light, routing } of groups) {
    if (!splitsMembers(routing)) continue;
    expect(light).toBeGreaterThan(0);
    expect(light).toBeLessThan(members.length);
  }
}
