// A device derived from one of the catalog: its base with some figures changed, by a factor or to a value. Nobody measured one, so
// what is known of its base is scaled by its rates and counts as a datasheet's (plan/efficiency.ts).
//
// Its id says all of it, "h100-sxm-80gb(memory_bandwidth=x2 tdp_w=900W)": threads, files and rows need nothing else to find it again.
import { type Measured, measure, type UnitKind } from '../check/units.ts';
import type { Hardware } from './types.ts';

interface Figure {
  readonly unit: UnitKind;
  readonly words: string;
  /** It counts devices. */
  readonly integer?: boolean;
  read(device: Hardware): number | null;
  write(device: Hardware, value: number): Hardware;
}

const plain = (key: 'memory_bytes' | 'memory_bandwidth' | 'host_link_bandwidth' | 'scale_out_bandwidth' | 'tdp_w') => ({
  read: (device: Hardware) => device[key],
  write: (device: Hardware, value: number): Hardware => ({ ...device, [key]: value }),
});
const link = (key: 'bandwidth' | 'domain') => ({
  read: (device: Hardware) => device.scale_up[key],
  write: (device: Hardware, value: number): Hardware => ({
    ...device,
    scale_up: { ...device.scale_up, [key]: value },
  }),
});
const peak = (format: keyof Hardware['peak']): Figure => ({
  unit: 'number',
  words: `Dense peak in ${format}, FLOP/s (OP/s for int8).`,
  read: (device) => device.peak[format] ?? null,
  write: (device, value) => ({ ...device, peak: { ...device.peak, [format]: value } }),
});

/** What may be changed, by the name that specs have for it. */
export const DEVICE_FIGURES: Readonly<Record<string, Figure>> = {
  peak_bf16: peak('bf16'),
  peak_fp8: peak('fp8'),
  peak_int8: peak('int8'),
  peak_fp4: peak('fp4'),
  memory_bytes: { unit: 'bytes', words: 'Memory of a device.', ...plain('memory_bytes') },
  memory_bandwidth: { unit: 'bandwidth', words: 'Of that memory.', ...plain('memory_bandwidth') },
  scale_up_bandwidth: { unit: 'bandwidth', words: 'One way, inside a scale-up domain.', ...link('bandwidth') },
  scale_up_domain: { unit: 'number', integer: true, words: 'Devices of a scale-up domain.', ...link('domain') },
  host_link_bandwidth: { unit: 'bandwidth', words: 'One way, to the host.', ...plain('host_link_bandwidth') },
  scale_out_bandwidth: { unit: 'bandwidth', words: 'One way, to other servers.', ...plain('scale_out_bandwidth') },
  tdp_w: { unit: 'power', words: 'Thermal design power.', ...plain('tdp_w') },
};
/** All peaks at once: only a factor is one for each of them. */
export const PEAKS = 'peak';
const FORMATS = Object.keys(DEVICE_FIGURES).filter((key) => key.startsWith('peak_'));
export const CHANGED_KEYS: readonly string[] = [PEAKS, ...Object.keys(DEVICE_FIGURES)];

/** The device of the catalog that an id goes back to: itself where it is none that is derived. */
export const baseOf = (id: string): string => id.split('(', 1)[0]!;

const DERIVED = /^([^()]+)\(([^()]+)\)$/;
/** "x2": times what the base has. */
export const FACTOR = /^x\s*([\d.].*)$/;

/** A factor: times what the base has. */
export type Change = { readonly times: number } | { readonly to: number };

/** What a figure is changed to; a message where that cannot be read. */
export function readChange(key: string, written: unknown): Change | Extract<Measured, { ok: false }> {
  const factor = typeof written === 'string' ? FACTOR.exec(written.trim())?.[1] : undefined;
  const figure = DEVICE_FIGURES[key];
  const expected = tellChange(key);
  if (factor === undefined && figure === undefined) return { ok: false, expected };
  const reading = measure(factor ?? written, factor === undefined ? figure!.unit : 'number');
  if (!reading.ok) return { ...reading, expected };
  if (!(reading.value > 0)) return { ok: false, expected, hint: 'it must be above 0' };
  if (factor !== undefined) return { times: reading.value };
  if (figure!.integer && !Number.isSafeInteger(reading.value)) return { ok: false, expected };
  return { to: reading.value };
}

/** What a figure takes, in words. */
export function tellChange(key: string): string {
  const of: Readonly<Record<UnitKind, string>> = {
    ...{ bandwidth: 'a bandwidth such as 6.7TB/s', bytes: 'a size such as 160GB', power: 'a power such as 900W' },
    ...{ number: 'a number above 0', share: 'a share', time: 'a time' },
  };
  const figure = DEVICE_FIGURES[key];
  if (figure === undefined) return "a factor such as x2 (times the base's)";
  return `${figure.integer ? 'a whole number above 0' : of[figure.unit]}, or a factor such as x2 (times the base's)`;
}

const UNITS: Readonly<Partial<Record<UnitKind, readonly (readonly [string, number])[]>>> = {
  bandwidth: (['TB/s', 'GB/s', 'MB/s'] as const).map((unit, i) => [unit, 10 ** (12 - 3 * i)]),
  bytes: (['TB', 'GB', 'MB'] as const).map((unit, i) => [unit, 10 ** (12 - 3 * i)]),
  power: [['W', 1]],
};

/** The shortest text that reads as the change. */
function writeChange(key: string, change: Change): string {
  if ('times' in change) return `x${change.times}`;
  const { unit } = DEVICE_FIGURES[key]!;
  for (const [word, of] of UNITS[unit] ?? []) {
    const text = `${Number((change.to / of).toPrecision(15))}${word}`;
    const reading = measure(text, unit);
    if (change.to >= of && reading.ok && reading.value === change.to) return text;
  }
  return String(change.to);
}

/** The id of a device derived from `base`; the base's own where nothing is changed. Figures stand in one order. */
export function derivedId(base: string, changes: ReadonlyMap<string, Change>): string {
  const parts = CHANGED_KEYS.flatMap((key) => {
    const change = changes.get(key);
    return change && !('times' in change && change.times === 1) ? [`${key}=${writeChange(key, change)}`] : [];
  });
  return parts.length === 0 ? base : `${base}(${parts.join(' ')})`;
}

/** What a derived id says; null of a word that is none, or has a figure that cannot be read. */
export function parseDerived(word: string): { base: string; changes: ReadonlyMap<string, Change> } | null {
  const [, base = '', inner = ''] = DERIVED.exec(word.trim()) ?? [];
  if (base === '') return null;
  const changes = new Map<string, Change>();
  for (const part of inner.trim().split(/[\s,]+/)) {
    const [key = '', written = '', ...more] = part.split('=');
    const change = readChange(key, written);
    if (more.length > 0 || changes.has(key) || !CHANGED_KEYS.includes(key) || 'ok' in change) return null;
    changes.set(key, change);
  }
  return { base: base.trim(), changes };
}

/** Figures that the base does not have, which no factor gives. */
export function lacking(base: Hardware, changes: ReadonlyMap<string, Change>): string[] {
  return [...changes].flatMap(([key, change]) =>
    key !== PEAKS && 'times' in change && !DEVICE_FIGURES[key]!.read(base) ? [key] : [],
  );
}

/** The device. Throws RangeError where the base lacks a figure that is multiplied. */
export function derive(base: Hardware, changes: ReadonlyMap<string, Change>): Hardware {
  const id = derivedId(base.id, changes);
  if (id === base.id) return base;
  const [none] = lacking(base, changes);
  if (none !== undefined) throw new RangeError(`${base.id} has no ${none}`);
  let device = base;
  for (const key of CHANGED_KEYS) {
    const change = changes.get(key);
    if (change === undefined) continue;
    for (const name of key === PEAKS ? FORMATS : [key]) {
      const figure = DEVICE_FIGURES[name]!;
      const before = figure.read(device);
      if (key === PEAKS && before === null) continue;
      const value = 'to' in change ? change.to : before! * change.times;
      device = figure.write(device, figure.integer ? Math.max(1, Math.round(value)) : value);
    }
  }
  const words = id
    .slice(base.id.length + 1, -1)
    .replaceAll('=', ' ')
    .replaceAll(/ (?=[a-z_0-9]+ [x\d])/g, ', ');
  const { availability: _, ...rest } = device;
  return { ...rest, id, base: base.id, name: `${base.name} with ${words}`, confidence: 'low' };
}
