// Hardware as a machine joins it: links of its own in place of those that the catalog has for the device.
import type { Hardware } from '../catalog/types.ts';
import type { Joint, Machine } from '../spec/machine.ts';
import type { Held } from './clocks.ts';
import { HOP_INSIDE_S } from './datasheet.ts';

/** Hardware whose links or limit somebody has named. */
export interface Joined extends Held {
  readonly joined?: Machine;
  /** B/s of the links that its exchanges were timed on. */
  readonly listedLink?: number;
}

const machines = new WeakMap<Hardware, Map<string, Joined>>();

/** The same object for the same question: surfaces are remembered by it. */
export function withMachine(listed: Hardware, machine: Machine | undefined): Hardware {
  if (machine === undefined) return listed;
  const known = machines.get(listed) ?? new Map<string, Joined>();
  machines.set(listed, known);
  const name = machineName(machine);
  const found = known.get(name) ?? join(listed, machine);
  known.set(name, found);
  return found;
}

/** What tells machines apart; '' for one as the catalog has it. */
export function machineName(machine: Machine | undefined): string {
  return machine === undefined ? '' : JSON.stringify(machine);
}

function join(listed: Hardware, machine: Machine): Joined {
  const { interconnect: inside, network: across, host_link: host, power_limit } = machine;
  return {
    ...listed,
    ...(power_limit === undefined ? {} : { power_limit }),
    ...(inside ? { scale_up: { bandwidth: inside.bandwidth, domain: inside.domain ?? listed.scale_up.domain } } : {}),
    ...(across ? { scale_out_bandwidth: across.bandwidth } : {}),
    ...(host ? { host_link_bandwidth: host.bandwidth * host.copy } : {}),
    joined: machine,
    listedLink: listed.scale_up.bandwidth,
  };
}

export function machineOf(hardware: Hardware): Machine {
  return (hardware as Joined).joined ?? {};
}

/** B/s of the links that exchanges on this hardware were timed on. */
export function listedLink(hardware: Hardware): number {
  return (hardware as Joined).listedLink ?? hardware.scale_up.bandwidth;
}

/** Below this, B/s one way, a device hangs on PCIe and not on links of its own. */
const PCIE_MOST = 70e9;
/** s of one hop over PCIe with peer-to-peer: six of them take 24.6 us (catalog/links/pcie5-x16.json). */
const HOP_PCIE_S = 4.1e-6;

/** s of one hop of the links that exchanges on this hardware were timed on. */
export function listedHop(hardware: Hardware): number {
  return listedLink(hardware) < PCIE_MOST ? HOP_PCIE_S : HOP_INSIDE_S;
}

/** s per byte that goes over the wire: in exchanges of many devices, or in a copy from one to another. */
export function secondsPerByte({ bandwidth, exchange, copy }: Joint, copies: boolean): number {
  return 1 / (bandwidth * (copies ? copy : exchange));
}
