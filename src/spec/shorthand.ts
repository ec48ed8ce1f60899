// The plain notation is shorthand: model, deployment and engine are a fleet of one pool that serves one pipeline.
//
// It is rewritten before anything is understood, so that nobody behind this file asks what kind of document it was. What is
// said of a place in the rewritten tree is said of the place where it was written.
import type { Path } from './document.ts';

/** The pool and the pipeline that a plain spec is about. */
export const PLAIN_POOL = 'engine';
export const PLAIN_PIPELINE = 'serve';

/** Keys of the plain notation that a fleet's pools have instead, and those that only the long notation has. */
export const SHORT_KEYS = ['model', 'deployment', 'engine'] as const;
export const LONG_KEYS: readonly string[] = ['fleet', 'pipelines', 'links', 'topology', 'tiers', 'disaggregation'];

/** Keys of `deployment` by their name in a pool; every other key of the pool stands under `engine`. */
export const DEPLOYMENT_KEYS: Readonly<Record<string, string>> = {
  hardware: 'hardware',
  count: 'replicas',
  devices: 'devices',
  tensor_parallel_size: 'tensor_parallel_size',
  pipeline_parallel_size: 'pipeline_parallel_size',
  data_parallel_size: 'data_parallel_size',
  expert_parallel_size: 'expert_parallel_size',
  routing: 'routing',
  autoscale: 'autoscale',
  failures: 'failures',
};

type Part = Readonly<Record<string, unknown>>;

/** Whether a document's data is in the plain notation: nothing of a fleet is in it. */
export function isPlain(data: unknown): boolean {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return true;
  return !LONG_KEYS.some((key) => key in data);
}

/** The same question as a fleet; data in the long notation comes back as it is. */
export function normalize(data: Part): Part {
  if (!isPlain(data)) return data;
  const { model, deployment, engine, ...rest } = data as { model?: unknown; deployment?: Part; engine?: Part } & Part;
  const placed = Object.entries(DEPLOYMENT_KEYS).flatMap(([key, written]) =>
    deployment?.[written] === undefined ? [] : [[key, deployment[written]]],
  );
  const pool = { kind: 'llm', ...(model === undefined ? {} : { model }), ...Object.fromEntries(placed), ...engine };
  const stages = [{ prefill: {} }, { decode: {} }];
  return { ...rest, fleet: { [PLAIN_POOL]: pool }, pipelines: { [PLAIN_PIPELINE]: { stages } } };
}

/** Where in a plain document that stands what is at `path` of the rewritten one. */
export function writtenAt(path: Path): Path {
  const [section, name, key, ...rest] = path;
  if (section === 'pipelines') return [];
  if (section !== 'fleet' || name !== PLAIN_POOL) return path;
  if (key === undefined) return ['deployment'];
  if (key === 'model') return [key, ...rest];
  return key in DEPLOYMENT_KEYS ? ['deployment', DEPLOYMENT_KEYS[key]!, ...rest] : ['engine', key, ...rest];
}

/** Where in the rewritten document that stands what is written at `path` of a plain one. */
export function rewrittenAt(path: Path): Path {
  const [section, key, ...rest] = path;
  if (section === undefined) return path;
  const pool = ['fleet', PLAIN_POOL];
  if (section === 'model') return key === undefined ? [...pool, 'model'] : [...pool, 'model', key, ...rest];
  if (section === 'engine') return key === undefined ? pool : [...pool, key, ...rest];
  if (section !== 'deployment') return key === undefined ? [section] : [section, key, ...rest];
  const own = Object.keys(DEPLOYMENT_KEYS).find((known) => DEPLOYMENT_KEYS[known] === key);
  return own === undefined ? pool : [...pool, own, ...rest];
}
