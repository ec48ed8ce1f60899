// What a page is asked: the whole question, and how it is written into a link and read out of one.
import { deflateSync, inflateSync } from 'fflate';
import { DEFAULT_PROFILE } from '../../spec/defaults.ts';
import { HOUR, rateOfUsers } from '../../spec/user-rate.ts';

/** Of the notation of links. */
const VERSION = '1';

/** Pipelines that the page offers. */
export const SHAPE_NAMES = ['together', 'apart', 'retrieval'] as const;
export type ShapeName = (typeof SHAPE_NAMES)[number];

export interface Asked {
  readonly model: string;
  /** Text of a config.json of one's own, which stands in place of `model`; '' = none. */
  readonly config: string;
  readonly hardware: readonly string[];
  readonly formats: readonly string[];
  readonly kv: readonly string[];
  readonly engine: string;
  /** What a request goes through (shapes.ts). */
  readonly shape: ShapeName;
  /** A workload of the catalog, FIXED or TRACE. */
  readonly workload: string;
  readonly input: number; // tokens
  readonly output: number; // tokens
  /** Name of the file that was dropped. */
  readonly trace: string;
  /** Requests/s; of `users` who send one every `every` seconds each, where there are any. */
  readonly rate: number;
  readonly users: number;
  readonly every: number; // s
  readonly ttft: number; // ms, p99
  readonly tpot: number; // ms, p99
  readonly prices: string;
  readonly objective: string;
  /** Most replicas that are tried. */
  readonly replicas: number;
  /** Times as much as the question says. */
  readonly load: number;
  readonly bandwidth: number;
  readonly price: number;
  readonly length: number;
  /** The deployment beside the answer; -1 = none. */
  readonly beside: number;
}

export const FIXED = 'fixed';
export const TRACE = 'trace';

/** The question of a page that nobody has asked anything. */
export const FIRST: Asked = {
  model: 'llama-3.1-70b',
  config: '',
  hardware: ['a100-sxm-80gb', 'h100-sxm-80gb', 'h200-sxm-141gb', 'b200-sxm-180gb', 'mi300x', 'mi355x', 'l40s'],
  formats: ['bf16', 'fp8'],
  kv: ['auto'],
  engine: DEFAULT_PROFILE,
  shape: 'together',
  workload: 'azure-conv-2023',
  input: 1024,
  output: 256,
  trace: '',
  rate: 20,
  users: 0,
  every: 30,
  ttft: 1000,
  tpot: 50,
  prices: 'specialised',
  objective: 'usd_per_hour',
  replicas: 32,
  load: 1,
  bandwidth: 1,
  price: 1,
  length: 1,
  beside: -1,
};

/** Requests/s before the slider. */
export const rateOf = ({ users, every, rate }: Asked): number =>
  users > 0 ? rateOfUsers(users, 1, HOUR / every) : rate;

const KEYS = Object.keys(FIRST) as (keyof Asked)[];

/** The part of a link behind #: what differs from the first question. */
export function writeLink(asked: Asked): string {
  const parts = new URLSearchParams({ v: VERSION });
  for (const key of KEYS) {
    const value = asked[key];
    if (String(value) === String(FIRST[key])) continue;
    parts.set(key, key === 'config' ? pack(value as string) : String(value));
  }
  return `#${parts}`;
}

export type LinkRead = { readonly asked: Asked } | { readonly mistake: string };

/** Never throws: what a link says wrong is told in words, and the first question stands in its place. */
export function readLink(hash: string): LinkRead {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  if ([...parts].length === 0) return { asked: FIRST };
  const version = parts.get('v');
  if (version !== VERSION) {
    const received = version === null ? 'none' : version;
    return {
      mistake: `This link is of version ${received}, and this page reads version ${VERSION}: it was made by another edition of MIST.`,
    };
  }
  const read: Record<string, unknown> = { ...FIRST };
  for (const [key, text] of parts) {
    if (key === 'v') continue;
    if (!(key in FIRST)) return { mistake: `This link has "${key}", which this page does not know.` };
    const value = readValue(key as keyof Asked, text);
    if (value === null) return { mistake: `This link has ${key}=${text.slice(0, 40)}, which cannot be read.` };
    read[key] = value;
  }
  return { asked: read as unknown as Asked };
}

function readValue(key: keyof Asked, text: string): unknown {
  const first = FIRST[key];
  if (key === 'config') return unpack(text);
  if (key === 'shape') return SHAPE_NAMES.find((name) => name === text) ?? null;
  if (Array.isArray(first)) return text === '' ? [] : text.split(',');
  if (typeof first !== 'number') return text;
  const value = Number(text);
  return Number.isFinite(value) && text.trim() !== '' ? value : null;
}

function pack(text: string): string {
  const bytes = deflateSync(new TextEncoder().encode(text), { level: 9 });
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function unpack(text: string): string | null {
  try {
    const letters = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder().decode(inflateSync(Uint8Array.from(letters, (letter) => letter.charCodeAt(0))));
  } catch {
    return null;
  }
}
