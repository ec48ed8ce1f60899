// A fleet of vLLM as llm-d deploys it: values of its chart llm-d-modelservice.
import { stringify } from 'yaml';
import { argsOf, headOf, isApart, type PoolServer, YAML } from './manifest-parts.ts';

type Part = Readonly<Record<string, unknown>>;

/** YAML, or why llm-d cannot deploy the fleet: its chart has one pool that decodes and at most one that prefills, both of vLLM. */
export function llmdValues(servers: readonly PoolServer[]): string | { readonly words: string } {
  const other = servers.find(({ server }) => server.engine !== 'vllm');
  if (other) return { words: `pool ${other.pool.name} is no vLLM: llm-d's chart starts nothing else` };
  const prefill = servers.filter(({ pool }) => pool.role === 'prefill');
  const decode = servers.filter(({ pool }) => pool.role !== 'prefill');
  if (prefill.length > 1 || decode.length !== 1)
    return { words: `llm-d's chart has one pool that prefills and one that decodes, not ${servers.length} pools` };
  const [one] = decode;
  const values = {
    multinode: servers.some(({ nodes }) => nodes > 1),
    modelArtifacts: {
      uri: `hf://${one!.server.model}`,
      name: one!.server.model,
      size: '500Gi',
      authSecretName: 'hf-token',
    },
    routing: {
      servicePort: 8000,
      proxy: { enabled: isApart(servers), connector: 'nixlv2', secure: false },
    },
    decode: sideOf(one!),
    prefill: prefill[0] ? sideOf(prefill[0]) : { create: false },
  };
  const tag =
    'llm-d: helm install NAME llm-d-modelservice/llm-d-modelservice -f; put the tag whose vLLM is that of the flags in place of my-tag';
  return `${headOf(tag, servers)}${stringify(values, YAML)}`;
}

/** The chart itself passes the model, the port and the split. */
const OF_CHART = ['--tensor-parallel-size', '--data-parallel-size'];

function sideOf({ pool, server, devices, nodes, resource }: PoolServer): Part {
  const { tensor_parallel_size: tensor, data_parallel_size: data } = pool.configuration;
  const flags = server.flags.filter(([flag]) => !OF_CHART.includes(flag));
  const container = {
    ...{ name: 'vllm', image: 'ghcr.io/llm-d/llm-d-cuda:my-tag', modelCommand: 'vllmServe' },
    args: argsOf({ ...server, flags }),
    env: [
      { name: 'VLLM_NIXL_SIDE_CHANNEL_HOST', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'VLLM_NIXL_SIDE_CHANNEL_PORT', value: '5600' },
    ],
    ports: [{ name: 'nixl', containerPort: 5600, protocol: 'TCP' }],
    resources: { limits: { [resource]: String(Math.ceil(devices / nodes)) } },
    mountModelVolume: true,
  };
  return { create: true, replicas: pool.count, parallelism: { tensor, data }, containers: [container] };
}
