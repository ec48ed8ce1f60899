// How well a hardware does one kind of work: the fit of its own traces, of a relative, of its vendor, or a typical value.
import type { Catalog } from '../catalog/open.ts';
import type {
  Basis,
  CollectiveFit,
  CollectiveOp,
  Efficiency,
  Hardware,
  OpFamily,
  OpFit,
  OpTable,
  WeightFormat,
} from '../catalog/types.ts';
import { peakOf, sameArithmetic, standIns } from './arithmetic.ts';
import {
  type Assumed,
  DATASHEET_OPS,
  FP8_BLOCK_SLOWDOWN,
  HOP_ACROSS_S,
  HOP_INSIDE_S,
  LINK_SHARE,
} from './datasheet.ts';
import { listedHop, listedLink, machineOf, secondsPerByte } from './machine.ts';
import type { Norm } from './roofline-twin.ts';

/** Where fits come from: what plan needs of a catalog. */
export interface FitSource {
  /** All hardware, to find relatives. */
  readonly hardware: readonly Hardware[];
  /** The fits of a hardware id, or of a vendor ("_nvidia"); null where there is no such file. */
  efficiency(id: string): Efficiency | null;
}

/** The fits of a catalog; its hardware is read only when a relative is looked for. */
export function fitsOf(catalog: Pick<Catalog, 'ids' | 'hardware' | 'efficiency'>): FitSource {
  let all: readonly Hardware[] | null = null;
  return {
    get hardware() {
      all ??= catalog.ids('hardware').map((id) => catalog.hardware(id));
      return all;
    },
    efficiency: (id) => catalog.efficiency(id),
  };
}

/** Errors on the shapes that a fit or table has not seen: median and 90th percentile of |predicted / measured - 1|, NaN where unknown. */
export interface HeldOutError {
  readonly median: number;
  readonly p90: number;
}

/** A price per FLOP and per byte: seconds = t0 + ((C perFlop)^p + (M perByte)^p)^(1/p). */
export interface Rate {
  readonly t0: number;
  readonly perFlop: number;
  readonly perByte: number;
  readonly p: Norm;
  /** Bytes that the fit charges per activation element of a quantised product; null = the width that is read. */
  readonly activationBytes: number | null;
  /** What was measured beside the fit; null where measurements are sparse. */
  readonly table: OpTable | null;
  readonly basis: Basis;
  /** Where it comes from, in words. */
  readonly from: string;
  /** Of the fit or table, on the device it was made for; null where nothing was timed. */
  readonly error: HeldOutError | null;
}

/** From the most to the least trustworthy. */
export const BASES: readonly Basis[] = ['measured', 'calibrated', 'extrapolated', 'datasheet'];

export function worse(a: Basis, b: Basis): Basis {
  return BASES.indexOf(a) < BASES.indexOf(b) ? b : a;
}

export interface Source {
  readonly id: string;
  readonly own: boolean;
  readonly efficiency: Efficiency;
  /** B/s of the links its exchanges were timed on; 0 for a vendor's medians. */
  readonly link: number;
}

/** The files to look in: the hardware's own, those of its generation (nearest in bandwidth first), its vendor's, or that of all CPUs. */
export function listSources(source: FitSource, hardware: Hardware): Source[] {
  const distance = (other: Hardware) => {
    const ratio = other.memory_bandwidth / hardware.memory_bandwidth;
    return ratio < 1 ? 1 / ratio : ratio;
  };
  // what was derived from a device behaves as that one, however far its bandwidth is from there
  const isBase = (other: Hardware) => Number(other.id === hardware.base);
  const relatives = source.hardware
    .filter((other) => other.generation === hardware.generation && other.id !== hardware.id)
    .sort((a, b) => isBase(b) - isBase(a) || distance(a) - distance(b) || (a.id < b.id ? -1 : 1));
  const found: Source[] = [];
  const add = (id: string, link: number) => {
    const efficiency = source.efficiency(id);
    if (efficiency) found.push({ id, own: id === hardware.id, efficiency, link });
  };
  for (const device of [hardware, ...relatives]) add(device.id, listedLink(device));
  add(hardware.kind === 'cpu' ? '_cpu' : `_${hardware.vendor.toLowerCase()}`, 0);
  return found;
}

type Sources = readonly Source[];

/** What a price rests on that was timed on another device; of a device that there is not, on figures alone. */
const borrowed = ({ base }: Hardware): Basis => (base === undefined ? 'extrapolated' : 'datasheet');

/** The rate of one kind of work. The exact format of any source comes before a stand-in of the hardware's own. */
export function chooseRate(sources: Sources, hardware: Hardware, family: OpFamily, format: WeightFormat): Rate {
  for (const standIn of standIns(format)) {
    for (const { id, own, efficiency } of sources) {
      const fit = efficiency.ops.find((row) => row.family === family && row.format === standIn);
      if (!fit) continue;
      const exact = sameArithmetic(standIn, format);
      const slowdown = format === 'fp8-block' && standIn === 'fp8' ? FP8_BLOCK_SLOWDOWN : 1;
      const table = efficiency.tables?.find((one) => one.family === family && one.formats.includes(standIn)) ?? null;
      const known = table && fit.basis === 'calibrated' ? 'measured' : fit.basis;
      const basis = own && exact ? known : worse(fit.basis, borrowed(hardware));
      return rateOf(hardware, format, fit, table, basis, exact ? id : `${id} ${standIn}`, slowdown);
    }
  }
  return rateOf(hardware, format, DATASHEET_OPS[family], null, 'datasheet', 'typical efficiency', 1);
}

function rateOf(
  hardware: Hardware,
  format: WeightFormat,
  fit: Assumed | OpFit,
  table: OpTable | null,
  basis: Basis,
  from: string,
  slowdown: number,
): Rate {
  return {
    t0: fit.t0_s * slowdown,
    perFlop: slowdown / (fit.eta_compute * peakOf(hardware, format)),
    perByte: slowdown / (fit.eta_memory * hardware.memory_bandwidth),
    p: fit.p,
    activationBytes: 'activation_bytes' in fit ? (fit.activation_bytes ?? null) : null,
    table,
    basis,
    from,
    error: errorOf(table ?? fit),
  };
}

function errorOf(
  made: { readonly error_out?: number; readonly error_out_p90?: number } | Assumed,
): HeldOutError | null {
  if (!('error_out' in made) || made.error_out === undefined) return null;
  return { median: made.error_out, p90: made.error_out_p90 ?? Number.NaN };
}

/** Exchange price: a fit (t0^p + (bytes perByte)^p)^(1/p) and its table, or the closed form of the links. */
export interface ExchangeRate {
  readonly table: CollectiveFit['table'] | null;
  readonly fit: { readonly t0: number; readonly perByte: number; readonly p: Norm } | null;
  readonly inside: number;
  readonly across: number;
  readonly hopIn: number;
  readonly byteIn: number;
  readonly hopOut: number;
  readonly byteOut: number;
  readonly basis: Basis;
  readonly from: string;
  readonly error: HeldOutError | null;
}

/** Devices per server and servers of a group of `devices` devices or cores: the largest equal parts that fit in a scale-up domain. */
export function placeGroup(hardware: Hardware, devices: number): { inside: number; across: number } {
  const domain = hardware.scale_up.domain * hardware.shards_per_device;
  for (let inside = Math.min(devices, domain); inside > 1; inside--) {
    if (devices % inside === 0) return { inside, across: devices / inside };
  }
  return { inside: 1, across: devices };
}

/** The price of an exchange among `devices`, by `library` if timed; a group that spans servers always uses the closed forms. */
export function chooseExchange(
  sources: Sources,
  hardware: Hardware,
  op: CollectiveOp,
  devices: number,
  library?: CollectiveFit['library'],
): ExchangeRate {
  const place = placeGroup(hardware, devices);
  const { interconnect: inside, network } = machineOf(hardware);
  const copies = op === 'send-recv';
  const links = {
    ...place,
    hopIn: inside?.latency ?? HOP_INSIDE_S,
    byteIn: inside ? secondsPerByte(inside, copies) : 1 / (LINK_SHARE * hardware.scale_up.bandwidth),
    hopOut: network?.latency ?? HOP_ACROSS_S,
    byteOut: network
      ? secondsPerByte(network, copies)
      : 1 / (LINK_SHARE * (hardware.scale_out_bandwidth || hardware.scale_up.bandwidth)),
  };
  const closed: ExchangeRate = {
    fit: null,
    table: null,
    ...links,
    basis: 'datasheet',
    from:
      inside || network
        ? `link rates of ${[inside, network].flatMap((one) => one?.name ?? []).join(', ')}`
        : 'link rates',
    error: null,
  };
  if (place.across > 1) return closed;
  for (const { id, own, efficiency, link } of sources) {
    const fits = efficiency.collectives.filter((one) => one.op === op);
    const fit = nearestFit(fits, devices, library) ?? nearestFit(fits, devices);
    if (!fit || link === 0) continue;
    if (inside) {
      const from = `${id} over ${inside.name}`;
      return {
        ...closed,
        fit: joinFit(fit, op, devices, links, hardware),
        basis: borrowed(hardware),
        from,
        error: null,
      };
    }
    const exact = own && (op === 'send-recv' || fit.devices === devices);
    const basis = exact ? (fit.table ? 'measured' : fit.basis) : worse(fit.basis, borrowed(hardware));
    const scaled = scaleFit(fit, devices, link / hardware.scale_up.bandwidth);
    const from = fit.library ? `${id} ${fit.library}` : id;
    return { ...closed, fit: scaled, table: fit.table ?? null, basis, from, error: errorOf(fit) };
  }
  return closed;
}

/** A fit on other links: its latency by their hops, and what goes over the wire at their rate. */
function joinFit(
  fit: CollectiveFit,
  op: CollectiveOp,
  devices: number,
  { hopIn, byteIn }: Pick<ExchangeRate, 'hopIn' | 'byteIn'>,
  hardware: Hardware,
): ExchangeRate['fit'] {
  const { t0 } = scaleFit(fit, devices, 1);
  const part = op === 'send-recv' ? 1 : (devices - 1) / devices;
  return { t0: (t0 * hopIn) / listedHop(hardware), perByte: (op === 'all-reduce' ? 2 : 1) * part * byteIn, p: fit.p };
}

function nearestFit(
  fits: readonly CollectiveFit[],
  devices: number,
  library?: CollectiveFit['library'],
): CollectiveFit | null {
  let best: CollectiveFit | null = null;
  for (const fit of fits) {
    if (fit.library !== library) continue;
    if (!best || Math.abs(fit.devices - devices) < Math.abs(best.devices - devices)) best = fit;
  }
  return best;
}

/**
 * A fit at another number of devices, on links slower by `slower`: wire bytes go with (n-1)/n, latency with the rounds of a tree.
 * A transfer between two devices stays what it is.
 */
function scaleFit(fit: CollectiveFit, devices: number, slower: number): { t0: number; perByte: number; p: Norm } {
  const { t0_s, rate, p } = fit;
  if (fit.op === 'send-recv' || fit.devices === devices) return { t0: t0_s, perByte: slower / rate, p };
  const wire = (devices - 1) / devices / ((fit.devices - 1) / fit.devices);
  const rounds = (32 - Math.clz32(devices - 1)) / (32 - Math.clz32(fit.devices - 1));
  return { t0: t0_s * rounds, perByte: (slower * wire) / rate, p };
}
