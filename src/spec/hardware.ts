// A device of a pool: one of the catalog, or one that is derived from it, {base: h100-sxm-80gb, memory_bandwidth: x2}.
import { z } from 'zod';
import {
  CHANGED_KEYS,
  type Change,
  DEVICE_FIGURES,
  derivedId,
  FACTOR,
  lacking,
  PEAKS,
  readChange,
  tellChange,
} from '../catalog/derived.ts';
import { show } from '../check/issue.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';
import { name, section } from './leaf.ts';
import { asNumeric } from './numeric.ts';
import { type Part, readCatalogName, type World } from './world.ts';

const DEVICE = 'hardware of the catalog, or {base: ID, memory_bandwidth: x2, ...}';

/** A value with its unit, or a factor; an expression of parameters is a value. */
function changed(key: string) {
  const leaf = z
    .union([z.number({ error: tellChange(key) }), z.string({ error: tellChange(key) })], { error: tellChange(key) })
    .superRefine((value, context) => {
      const reading = readChange(key, value);
      if ('ok' in reading)
        context.addIssue({ code: 'custom', message: reading.expected, params: { hint: reading.hint } });
    });
  return key === PEAKS ? leaf : asNumeric(leaf, DEVICE_FIGURES[key]!.unit, false, FACTOR);
}

const wordsOf = (key: string): string =>
  key === PEAKS ? 'All its dense peaks, by one factor.' : DEVICE_FIGURES[key]!.words;

/** A name, or a base and what of it is changed. */
export function hardware() {
  const changes = Object.fromEntries(CHANGED_KEYS.map((key) => [key, changed(key).optional().describe(wordsOf(key))]));
  return z.union(
    [
      name(DEVICE),
      section(
        { base: name('hardware of the catalog').describe('What everything else is taken from.'), ...changes },
        DEVICE,
      ),
    ],
    { error: DEVICE },
  );
}

/** The id of the device, null where there is none or it is a mistake. */
export function readHardware(input: unknown, path: Path, ledger: Ledger, world: World): string | null {
  if (input === null || typeof input !== 'object') return readCatalogName(input, path, 'hardware', ledger, world);
  const { base: named, ...figures } = input as Part;
  const base = readCatalogName(named, [...path, 'base'], 'hardware', ledger, world);
  if (base === null) return null;
  const { changes } = changesIn(figures);
  const device = world.known.device?.(base);
  for (const key of device ? lacking(device, changes) : []) {
    const expected = `a value: ${base} has no ${key} to multiply`;
    ledger.add({ path: [...path, key], expected, received: show(figures[key]) });
    changes.delete(key);
  }
  return derivedId(base, changes);
}

/** What tables call a device that an axis derives, where nothing of it is an axis of its own; undefined of other parts. */
export function labelOfDevice(value: object): string | undefined {
  const { base, ...figures } = value as Part;
  if (typeof base !== 'string') return undefined;
  const { changes, whole } = changesIn(figures);
  return whole ? derivedId(base, changes) : undefined;
}

/** What can be read of the figures of a device, and whether that is all of them. */
function changesIn(figures: Part): { readonly changes: Map<string, Change>; readonly whole: boolean } {
  const changes = new Map<string, Change>();
  let whole = true;
  for (const [key, written] of Object.entries(figures)) {
    const change = CHANGED_KEYS.includes(key) ? readChange(key, written) : null;
    if (change === null || 'ok' in change) whole = false;
    else changes.set(key, change);
  }
  return { changes, whole };
}
