// What manifests of every kind say of a pool of servers: names, images, devices, words of the command.
import type { VersionedEngine } from '../catalog/engine-versions.ts';
import { versionWords } from '../catalog/engine-versions.ts';
import type { Hardware } from '../catalog/types.ts';
import { explainAutoscale } from '../spec/fleet/autoscale.ts';
import { type FleetSpec, type LlmPool, poolsOfKind } from '../spec/fleet/types.ts';
import { configurationOf } from '../spec/shape.ts';
import { describeServer, type Labels, type Server } from './launch.ts';

export interface PoolServer {
  readonly pool: LlmPool;
  /** As Kubernetes takes names. */
  readonly name: string;
  readonly server: Server;
  /** Devices of one instance, and of the nodes that it spans. */
  readonly devices: number;
  readonly nodes: number;
  /** What Kubernetes calls a device. */
  readonly resource: string;
}

export type HardwareOf = (id: string) => Pick<Hardware, 'vendor' | 'scale_up'>;

/** Written out in full: no line is broken, nothing refers to another place. */
export const YAML = { lineWidth: 0, aliasDuplicateObjects: false } as const;

/** Device plugins of the vendors. */
const RESOURCES: Readonly<Record<string, string>> = {
  NVIDIA: 'nvidia.com/gpu',
  AMD: 'amd.com/gpu',
  Intel: 'habana.ai/gaudi',
  Google: 'google.com/tpu',
  AWS: 'aws.amazon.com/neurondevice',
};
/** Devices of a node where the scale-up domain is more than one. */
const NODE = 8;

/** Servers of every pool of engines, or why one of them has none. */
export function listServers(
  spec: FleetSpec,
  hardwareOf: HardwareOf,
  labels: Labels,
): readonly PoolServer[] | { readonly words: string } {
  const servers: PoolServer[] = [];
  for (const pool of poolsOfKind(spec, 'llm')) {
    const c = configurationOf(pool, spec.workload.request_rate);
    const server = describeServer({ ...pool, configuration: c }, labels);
    if ('words' in server) return { words: `pool ${pool.name}: ${server.words}` };
    const devices = c.tensor_parallel_size * c.pipeline_parallel_size * c.data_parallel_size;
    const { vendor, scale_up } = hardwareOf(c.hardware);
    const nodes = Math.ceil(devices / Math.max(1, Math.min(scale_up.domain, NODE)));
    servers.push({
      ...{ pool, server, devices, nodes },
      name: nameFor(`${spec.name}-${pool.name}`),
      resource: RESOURCES[vendor] ?? 'nvidia.com/gpu',
    });
  }
  return servers;
}

/** Lower case, digits and dashes, at most so long that Kubernetes may add to it. */
export function nameFor(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 45)
    .replace(/^-+|-+$/g, '');
  return plain === '' || /^\d/.test(plain) ? `mist-${plain}`.replace(/-$/, '') : plain;
}

const IMAGES: Readonly<Record<VersionedEngine, (version: string) => string>> = {
  vllm: (version) => `vllm/vllm-openai:v${version}`,
  sglang: (version) => `lmsysorg/sglang:v${version}`,
  trtllm: (version) => `nvcr.io/nvidia/tensorrt-llm/release:${version}`,
};

/** The engine's own image of the version of its profile: three numbers. */
export function imageOf({ engine, version }: Server): string {
  const words = Number.isFinite(version[0]) ? version.join('.') : 'latest';
  return IMAGES[engine](words).replace('vlatest', 'latest');
}

export const portOf = ({ engine }: Server): number => (engine === 'sglang' ? 30000 : 8000);

/** Words of the flags, files of options under `folder`. */
export function argsOf({ flags }: Server, folder = ''): string[] {
  return flags.flatMap(([name, value]) => {
    if (value === undefined) return [name];
    const isFile = name === '--extra_llm_api_options';
    return [name, isFile ? `${folder}${String(value)}` : String(value)];
  });
}

/** Opens a manifest: what its reader must know, as comments. */
export function headOf(title: string, servers: readonly PoolServer[], more: readonly string[] = []): string {
  const notes = servers.flatMap(({ pool, server }) =>
    [...server.notes, ...noteAutoscale(pool)].map((note) => `${pool.name}: ${note}`),
  );
  const lines = [title, ...servers.map(tellPool), ...notes, ...more];
  return lines.map((line) => `# ${line}\n`).join('');
}

/** Manifests start as many as there may be: which of them are on is another controller's. */
function noteAutoscale({ autoscale: rule }: LlmPool): string[] {
  if (!rule) return [];
  return [`started in full: what the spec calls autoscale (${explainAutoscale(rule)}) is for your autoscaler to do`];
}

function tellPool({ pool, server, devices }: PoolServer): string {
  const { hardware } = pool.configuration;
  const version = Number.isFinite(server.version[0]) ? ` (flags of ${versionWords(server.version)})` : '';
  const role = pool.role === 'both' ? '' : ` ${pool.role},`;
  return `${pool.name}:${role} ${pool.count} x ${devices} ${hardware}${version}`;
}

export const isApart = (servers: readonly PoolServer[]): boolean => servers.some(({ pool }) => pool.role === 'prefill');
