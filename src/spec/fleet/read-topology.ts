// Links, domains and tiers: defaults, names that refer to each other, and nesting that goes nowhere.
import { measured } from '../../check/units.ts';
import type { Path } from '../document.ts';
import { number, type Part, type World } from '../world.ts';
import { readShare } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import type { DomainSpec, LinkSpec, TierSpec } from './types.ts';
import { DOMAIN_PORTS, type DomainKind } from './words.ts';

function readLink(input: Part, path: Path, ledger: Ledger, { known }: World): LinkSpec {
  const { like } = input;
  if (like !== undefined)
    ledger.checkKnown(String(like), [...path, 'like'], 'a link of the catalog', known.links ?? []);
  if (like === undefined && input.bandwidth === undefined)
    ledger.addMissing([...path, 'bandwidth'], 'a bandwidth, or like');
  const link = like === undefined ? undefined : known.link?.(String(like));
  return {
    bandwidth: input.bandwidth === undefined ? (link?.bandwidth ?? 1) : measured(input.bandwidth, 'bandwidth'),
    latency: input.latency === undefined ? (link?.latency_s ?? 0) : measured(input.latency, 'time'),
    efficiency:
      input.efficiency === undefined ? (link?.copy_share ?? 1) : readShare(input.efficiency as string | number),
  };
}

export function readLinks(input: Part, ledger: Ledger, world: World): Record<string, LinkSpec> {
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, link]) =>
      link ? [[name, readLink(link as Part, ['links', name], ledger, world)]] : [],
    ),
  );
}

export function readDomains(
  input: Part,
  links: Readonly<Record<string, LinkSpec>>,
  ledger: Ledger,
  world: World,
): DomainSpec[] {
  const names = Object.keys(input);
  const linkNames = Object.keys(links);
  const domains = Object.entries(input).flatMap(([name, value]) => {
    const domain = value as Part | undefined;
    if (!domain?.kind) return [];
    const path = ['topology', name];
    const { within, bus, port } = domain as { within?: string; bus?: string; port?: string | Part };
    if (within !== undefined) ledger.checkKnown(within, [...path, 'within'], 'a domain of the topology', names);
    if (bus !== undefined) ledger.checkKnown(bus, [...path, 'bus'], 'a link under links', linkNames);
    if (typeof port === 'string') ledger.checkKnown(port, [...path, 'port'], 'a link under links', linkNames);
    const kind = domain.kind as DomainKind;
    const own =
      typeof port === 'object'
        ? readLink(port, [...path, 'port'], ledger, world)
        : port === undefined
          ? undefined
          : links[port];
    const found: DomainSpec = {
      name,
      kind,
      count: number(domain.count, 1),
      within: within ?? null,
      port: own ?? DOMAIN_PORTS[kind],
      bus: bus ?? null,
    };
    return [found];
  });
  checkNesting(domains, ledger);
  return domains;
}

/** Every domain lies, at the end, in one outermost domain of one place. */
function checkNesting(domains: readonly DomainSpec[], ledger: Ledger): void {
  const byName = new Map(domains.map((domain) => [domain.name, domain]));
  const outermost = domains.filter(({ within }) => within === null);
  for (const { name, within } of domains) {
    const seen = [name];
    let at = within;
    while (at !== null && !seen.includes(at)) {
      seen.push(at);
      at = byName.get(at)?.within ?? null;
    }
    if (at !== null) {
      const received = [...seen, at].join(' within ');
      ledger.add({ path: ['topology', name, 'within'], expected: 'domains that do not contain themselves', received });
    }
  }
  if (outermost.length > 1 && ledger.size === 0) {
    const received = outermost.map(({ name }) => name).join(' and ');
    const hint = 'a path between them needs a domain that both are within';
    ledger.add({ path: ['topology', outermost[1]!.name], expected: 'one outermost domain', received, hint });
  }
  for (const { name, count } of outermost) {
    if (count > 1) {
      const expected = '1: the outermost domain is one place';
      ledger.add({ path: ['topology', name, 'count'], expected, received: String(count) });
    }
  }
}

export function readTiers(
  input: Part,
  links: Readonly<Record<string, LinkSpec>>,
  ledger: Ledger,
): Record<string, TierSpec> {
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => {
      const tier = value as Part | undefined;
      if (!tier) return [];
      const path = ['tiers', name];
      const link = (tier.link as string | undefined) ?? null;
      if (link !== null) ledger.checkKnown(link, [...path, 'link'], 'a link under links', Object.keys(links));
      const bandwidth = tier.bandwidth === undefined ? null : measured(tier.bandwidth, 'bandwidth');
      if (link === null && bandwidth === null) ledger.addMissing([...path, 'bandwidth'], 'a bandwidth, or a link');
      if (link !== null && (bandwidth !== null || tier.scope !== undefined)) {
        const key = bandwidth !== null ? 'bandwidth' : 'scope';
        ledger.add({ path: [...path, key], expected: `no ${key} beside a link`, received: String(tier[key]) });
      }
      const read: TierSpec = {
        capacity: measured(tier.capacity ?? 1, 'bytes'),
        latency: measured(tier.latency ?? 0, 'time'),
        bandwidth,
        link,
        scope: tier.scope === 'fleet' ? 'fleet' : 'store',
        policy: (tier.write_policy as TierSpec['policy'] | undefined) ?? 'write_through',
        warm: readShare((tier.warm as string | number | undefined) ?? 0),
      };
      return [[name, read]];
    }),
  );
}
