// How devices are joined, where that is not as the catalog has the hardware: links of the catalog by name, or figures of one's own.
import { z } from 'zod';
import type { Hardware, Link } from '../catalog/types.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';
import { count, name, PART, quantity, section, share } from './leaf.ts';
import { MAX_COUNT } from './limits.ts';
import type { Part, World } from './world.ts';

/** A link as an engine has it. B/s one way per device; shares of it that exchanges and copies get; s of one hop. */
export interface Joint {
  readonly name: string;
  readonly bandwidth: number;
  readonly exchange: number;
  readonly copy: number;
  readonly latency: number;
  /** Most devices that it joins; null = any number. */
  readonly domain: number | null;
}

/** Absent = as the catalog has the hardware. */
export interface Machine {
  readonly interconnect?: Joint;
  readonly network?: Joint;
  readonly host_link?: Joint;
  /** W at which each device is held, below its TDP. */
  readonly power_limit?: number;
}
export type JointName = Exclude<keyof Machine, 'power_limit'>;

const JOINT = 'a link of the catalog, or {like, bandwidth, efficiency, latency, domain}';
const joint = (words: string) =>
  z
    .union(
      [
        name(JOINT),
        section(
          {
            like: name('a link of the catalog').describe('The link that it has everything else of.'),
            bandwidth: quantity('bandwidth', 'a bandwidth of at least 100kB/s, such as 50GB/s or 400Gb/s', { min: 1e5 })
              .optional()
              .describe("One way per device; the link's if left out."),
            efficiency: share(PART, true)
              .optional()
              .describe("Share of the bandwidth that is left to exchanges and copies; the link's if left out."),
            latency: quantity('time', 'a time above 0 and up to 1s, such as 5us', { above: 0, max: 1 })
              .optional()
              .describe("Of one hop; the link's if left out."),
            domain: count(1, MAX_COUNT).optional().describe("Most devices that it joins; the link's if left out."),
          },
          JOINT,
        ),
      ],
      { error: JOINT },
    )
    .optional()
    .describe(`${words} as the catalog has the hardware if left out.`);

const jointShape = {
  interconnect: joint('How the devices of a server are joined (`mist catalog --kind links`);'),
  network: joint('How servers are joined, per device; with it tensor parallel may span them;'),
  host_link: joint('How a device is joined to its host (swapped blocks);'),
};

/** Keys of an engine, for the schemas of whatever has one. */
export const machineShape = {
  ...jointShape,
  power_limit: quantity('power', 'a power above 0, such as 450W', { above: 0 })
    .optional()
    .describe('At which each device is held (`nvidia-smi -pl`): clocks, and what it draws; its TDP if left out.'),
};

/** Least share of TDP that a board can be held at: 200 of 700 W on H100, 100 of 350 on RTX 3090, 150 of 600 on RTX PRO 6000. */
const LEAST_LIMIT = 0.25;

/** What is expected of a limit on a device, where `machine` has none that the device allows; null where all is well. */
export function limitExpected(machine: Machine | undefined, device: Pick<Hardware, 'name' | 'tdp_w'>): string | null {
  const limit = machine?.power_limit;
  if (limit === undefined) return null;
  if (device.tdp_w === null) return `none: nobody has said what ${device.name} draws`;
  const [least, most] = [LEAST_LIMIT * device.tdp_w, device.tdp_w];
  return limit >= least && limit <= most ? null : `from ${least} to ${most} W, what ${device.name} can be held at`;
}

/** Blames a limit that the device cannot be held at. */
export function checkLimit(
  machine: Machine | undefined,
  device: Pick<Hardware, 'name' | 'tdp_w'>,
  path: Path,
  ledger: Pick<Ledger, 'add'>,
): void {
  const expected = limitExpected(machine, device);
  if (expected) ledger.add({ path: [...path, 'power_limit'], expected, received: `${machine?.power_limit} W` });
}

/** Every link of the machine, in the order of the schema. */
export const JOINTS = Object.keys(jointShape) as JointName[];

/** undefined where all is as the catalog has it. */
export function readMachine(
  input: Part,
  path: Path,
  world: World,
  refuse: (word: string, path: Path) => void,
): Machine | undefined {
  const limit = input.power_limit as string | number | undefined;
  const held = limit === undefined ? {} : { power_limit: measured(limit, 'power') };
  const found = JOINTS.flatMap((key): [JointName, Joint][] => {
    const given = input[key] as string | Part | undefined;
    if (given === undefined) return [];
    const own = typeof given === 'string' ? {} : given;
    const like = typeof given === 'string' ? given : (given.like as string | undefined);
    if (like === undefined) return [];
    const link = world.known.link?.(like);
    if (link) return [[key, jointOf(link, own)]];
    refuse(like, typeof given === 'string' ? [...path, key] : [...path, key, 'like']);
    return [];
  });
  return found.length > 0 || limit !== undefined ? { ...Object.fromEntries(found), ...held } : undefined;
}

/** A link with whatever somebody has in its place. */
export function jointOf(link: Link, own: Part = {}): Joint {
  const share = own.efficiency === undefined ? undefined : measured(own.efficiency as string | number, 'share');
  const figure = (key: string, kind: 'bandwidth' | 'time' | 'number', otherwise: number): number =>
    own[key] === undefined ? otherwise : measured(own[key] as string | number, kind);
  return {
    name: Object.keys(own).length > 1 ? `${link.id} with your figures` : link.id,
    bandwidth: figure('bandwidth', 'bandwidth', link.bandwidth),
    exchange: share ?? link.exchange_share,
    copy: share ?? link.copy_share,
    latency: figure('latency', 'time', link.latency_s),
    domain: own.domain === undefined ? (link.domain ?? null) : measured(own.domain as number, 'number'),
  };
}
