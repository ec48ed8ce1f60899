// What of a fleet may be turned a little to see what its figures hang on: figures of its devices, its load, its instances, limits of engines.
import { baseOf, type Change, DEVICE_FIGURES, derivedId, lacking, PEAKS, parseDerived } from '../../catalog/derived.ts';
import type { Catalog } from '../../catalog/open.ts';
import type { FleetSpec, LlmPool, PoolSpec } from '../../spec/fleet/types.ts';
import { loadKindOf } from '../load.ts';

export interface Turn {
  /** Where it stands, as specs call it. */
  readonly name: string;
  /** "+10 %", "x2", "+1". */
  readonly by: string;
  set(spec: FleetSpec): FleetSpec;
}

/** Figures of a device that a run can hang on; watts and the size of a domain change what may be, not how fast it is. */
const TURNED = [
  PEAKS,
  'memory_bandwidth',
  'memory_bytes',
  'scale_up_bandwidth',
  'scale_out_bandwidth',
  'host_link_bandwidth',
];

/** `share`: by how much figures and load are turned (0.1 is a tenth); counts go up by one, limits of engines are doubled. */
export function listTurns(spec: FleetSpec, catalog: Pick<Catalog, 'hardware'>, share: number): Turn[] {
  const by = `${share < 0 ? '' : '+'}${Number((share * 100).toPrecision(6))} %`;
  const kinds = [...new Set(spec.pools.flatMap((pool) => hardwareOf(pool) ?? []))];
  const figures = kinds.flatMap((id) => turnDevice(id, catalog, 1 + share, by));
  return [...figures, ...turnLoad(spec, 1 + share, by), ...spec.pools.flatMap(turnPool)];
}

function hardwareOf(pool: PoolSpec): string | null {
  if (pool.kind === 'kv-store') return null;
  if (pool.kind !== 'llm') return pool.hardware;
  return pool.configuration.step_time ? null : pool.configuration.hardware;
}

function turnDevice(id: string, catalog: Pick<Catalog, 'hardware'>, times: number, by: string): Turn[] {
  const base = catalog.hardware(baseOf(id));
  const own = parseDerived(id)?.changes ?? new Map<string, Change>();
  return TURNED.flatMap((key) => {
    if (lacking(base, new Map([[key, { times }]])).length > 0) return [];
    const turned = derivedId(base.id, turnFigure(own, key, times));
    return [{ name: `hardware.${id}.${key}`, by, set: (spec: FleetSpec) => onHardware(spec, id, turned) }];
  });
}

/** The changes of a device with one more factor on a figure; on the peaks also those that stand by themselves. */
function turnFigure(own: ReadonlyMap<string, Change>, key: string, times: number): Map<string, Change> {
  const turn = (change: Change | undefined): Change =>
    change && 'to' in change ? { to: change.to * times } : { times: (change?.times ?? 1) * times };
  const turned = new Map(own).set(key, turn(own.get(key)));
  if (key === PEAKS)
    for (const [name, change] of own)
      if (name.startsWith('peak_') && name in DEVICE_FIGURES && 'to' in change) turned.set(name, turn(change));
  return turned;
}

function onHardware(spec: FleetSpec, id: string, turned: string): FleetSpec {
  const pools = spec.pools.map((pool): PoolSpec => {
    if (hardwareOf(pool) !== id) return pool;
    return pool.kind === 'llm' ? configured(pool, { hardware: turned }) : ({ ...pool, hardware: turned } as PoolSpec);
  });
  // what the spec pays for a device and says that it draws holds for the turned one too
  const copied = <T>(of: Readonly<Record<string, T>>): Record<string, T> =>
    of[id] === undefined ? { ...of } : { ...of, [turned]: of[id] };
  return { ...spec, pools, prices: copied(spec.prices), watts: copied(spec.watts) };
}

const configured = (pool: LlmPool, change: Partial<LlmPool['configuration']>): LlmPool => ({
  ...pool,
  configuration: { ...pool.configuration, ...change },
});

function turnLoad(spec: FleetSpec, times: number, by: string): Turn[] {
  const kind = loadKindOf(spec);
  if (!kind || !(kind.of(spec) > 0)) return [];
  const load = kind.of(spec) * times;
  const whole = kind.unit === 'requests/s' ? load : Math.max(1, Math.round(load));
  return [{ name: `load (${kind.unit})`, by, set: (one) => kind.set(one, whole) }];
}

function turnPool(pool: PoolSpec): Turn[] {
  const { name } = pool;
  const on = (change: (own: PoolSpec) => PoolSpec) => (spec: FleetSpec) => ({
    ...spec,
    pools: spec.pools.map((one) => (one.name === name ? change(one) : one)),
  });
  const onEngine = (change: (own: LlmPool) => LlmPool) => on((one) => (one.kind === 'llm' ? change(one) : one));
  if (pool.kind === 'kv-store') return [];
  const more: Turn = { name: `${name}: instances`, by: '+1', set: on((one) => ({ ...one, count: one.count + 1 })) };
  if (pool.kind !== 'llm') return [more];
  const { max_num_seqs: sequences, max_num_batched_tokens: tokens } = pool.configuration;
  const doubled = (key: 'max_num_seqs' | 'max_num_batched_tokens', value: number): Turn => ({
    ...{ name: `${name}: ${key}`, by: 'x2' },
    set: onEngine((one) => ({
      ...configured(one, { [key]: value * 2 }),
      followed: one.followed.filter((own) => own !== key),
    })),
  });
  return [
    ...(pool.autoscale ? [] : [more]),
    doubled('max_num_seqs', sequences),
    doubled('max_num_batched_tokens', tokens),
  ];
}
