// Where clients stand and what lies between them: nested domains to links and to the path between every two clients.
import type { DomainSpec, FleetSpec, LinkSpec } from '../../spec/fleet/types.ts';
import type { FleetLink } from '../fleet.ts';

/** One place of a domain: rack 2 of 4. */
interface Place {
  readonly domain: DomainSpec;
  readonly parent: Place | null;
  /** Links from here to the domain around it, and back; -1 for the outermost. */
  readonly out: number;
  readonly in: number;
  readonly bus: number;
}

export interface Placement {
  readonly links: FleetLink[];
  readonly locations: number;
  readonly paths: readonly (readonly number[])[];
  /** Whether anything lies between any two clients. */
  readonly apart: boolean;
  /** The link of this name that an instance stands at (a bus around it), else one for the whole fleet. */
  linkAt(location: number, name: string): number;
  /** Adds a link that only its owner knows. */
  addLink(link: FleetLink): number;
}

/** One instance to be placed: `index` of the `count` of its pool. */
export interface Standing {
  readonly name: string;
  readonly location: string | null;
  readonly index: number;
  readonly count: number;
}

export function placeInstances(spec: FleetSpec, instances: readonly Standing[]): Placement {
  const links: FleetLink[] = [];
  const addLink = (link: FleetLink) => links.push(link) - 1;
  const shared = new Map<string, number>();
  if (spec.domains.length === 0) {
    const linkAt = (_: number, name: string) => wholeLink(name, spec, shared, addLink);
    return { links, locations: 1, paths: [[]], apart: false, linkAt, addLink };
  }
  const places = layOutPlaces(spec, addLink);
  const outermost = spec.domains.find(({ within }) => within === null);
  const leaves = instances.map(({ name, location, index, count }): Place => {
    const domains = places.get(location ?? outermost?.name ?? '') ?? [];
    const parent = domains[spread(index, count, domains.length)]!;
    return attach(name, parent.domain, parent, addLink);
  });
  const paths = leaves.flatMap((from, i) => leaves.map((to, j) => (i === j ? [] : findPath(from, to))));
  const linkAt = (location: number, name: string) => {
    for (let place: Place | null = leaves[location] ?? null; place; place = place.parent) {
      if (place.domain.bus === name && place.bus >= 0) return place.bus;
    }
    return wholeLink(name, spec, shared, addLink);
  };
  return { links, locations: leaves.length, paths, apart: paths.some((path) => path.length > 0), linkAt, addLink };
}

/** Item i of n over `instances` in equal consecutive parts. */
export function spread(index: number, count: number, instances: number): number {
  return Math.min(instances - 1, Math.floor((index * instances) / count));
}

function wholeLink(name: string, spec: FleetSpec, shared: Map<string, number>, addLink: (link: FleetLink) => number) {
  const known = shared.get(name);
  if (known !== undefined) return known;
  const added = addLink(toLink(name, spec.links[name]!));
  shared.set(name, added);
  return added;
}

function toLink(name: string, { bandwidth, latency, efficiency }: LinkSpec): FleetLink {
  return { name, bandwidth: bandwidth * efficiency, latency };
}

/** Instances of every domain; those of inner ones are spread over those they are within. */
function layOutPlaces(spec: FleetSpec, addLink: (link: FleetLink) => number): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  const byName = new Map(spec.domains.map((domain) => [domain.name, domain]));
  const lay = (domain: DomainSpec): Place[] => {
    const known = places.get(domain.name);
    if (known) return known;
    const parent = domain.within === null ? undefined : byName.get(domain.within);
    const around = parent ? lay(parent) : [];
    const made = Array.from({ length: domain.count }, (_, i): Place => {
      const name = domain.count === 1 ? domain.name : `${domain.name}-${i + 1}`;
      const bus = domain.bus === null ? -1 : addLink(toLink(`${name} ${domain.bus}`, spec.links[domain.bus]!));
      const outer = around[spread(i, domain.count, around.length)] ?? null;
      return { ...attachLinks(name, outer, addLink), domain, parent: outer, bus };
    });
    places.set(domain.name, made);
    return made;
  };
  for (const domain of spec.domains) lay(domain);
  return places;
}

/** A client as a place of its own inside `parent`. */
function attach(name: string, domain: DomainSpec, parent: Place, addLink: (link: FleetLink) => number): Place {
  return { ...attachLinks(name, parent, addLink), domain, parent, bus: -1 };
}

/**
 * A member's port to the domain around it, one link each way. Crossing a domain costs its latency once: it is on the way out of a
 * member, none on the way in.
 */
function attachLinks(name: string, parent: Place | null, addLink: (link: FleetLink) => number) {
  if (!parent) return { out: -1, in: -1 };
  const { port } = parent.domain;
  const out = addLink(toLink(`${name} out`, port));
  return { out, in: addLink({ ...toLink(`${name} in`, port), latency: 0 }) };
}

/** Out of every domain up to the one that holds both, across it, and in again. */
function findPath(from: Place, to: Place): number[] {
  const above = (place: Place): Place[] => (place.parent ? [place, ...above(place.parent)] : [place]);
  const ups = above(from);
  const downs = above(to);
  const meeting = ups.find((place) => downs.includes(place));
  if (!meeting) return [];
  const out = ups.slice(0, ups.indexOf(meeting)).map((place) => place.out);
  const into = downs.slice(0, downs.indexOf(meeting)).map((place) => place.in);
  return [...out, ...(meeting.bus >= 0 ? [meeting.bus] : []), ...into.reverse()];
}
