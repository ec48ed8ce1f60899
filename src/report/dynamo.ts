// A fleet as NVIDIA Dynamo deploys it: a DynamoGraphDeployment with a frontend and a worker component per pool.
import { stringify } from 'yaml';
import { type Version, type VersionedEngine, versionWords } from '../catalog/engine-versions.ts';
import { argsOf, headOf, isApart, type PoolServer, YAML } from './manifest-parts.ts';

type Part = Readonly<Record<string, unknown>>;

const RUNTIMES: Readonly<Record<VersionedEngine, string>> = {
  vllm: 'vllm-runtime',
  sglang: 'sglang-runtime',
  trtllm: 'tensorrtllm-runtime',
};
/** Versions of Dynamo are its own: the one whose engine is that of the profile has to be chosen. */
const TAG = 'my-tag';

/** YAML: options of TensorRT-LLM as ConfigMaps, then the graph. */
export function dynamoManifest(servers: readonly PoolServer[], name: string): string {
  const apart = isApart(servers);
  const services: Record<string, Part> = {};
  const maps: Part[] = [];
  for (const one of servers) {
    services[serviceName(one)] = workerOf(one, apart);
    if (one.server.options !== '')
      maps.push({
        ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: one.name } },
        data: { 'options.yaml': one.server.options },
      });
  }
  const [first] = servers;
  const frontend = {
    ...{ componentType: 'frontend', replicas: 1 },
    extraPodSpec: { mainContainer: { image: imageOf(first!.server.engine) } },
  };
  const graph = {
    apiVersion: 'nvidia.com/v1alpha1',
    kind: 'DynamoGraphDeployment',
    metadata: { name },
    spec: { services: { Frontend: frontend, ...services } },
  };
  const tags = [...new Set(servers.map(({ server }) => tagWords(server.engine, server.version)))];
  const head = headOf('Dynamo: kubectl apply -f', servers, tags);
  return `${head}${[...maps, graph].map((one) => stringify(one, YAML)).join('---\n')}`;
}

function tagWords(engine: VersionedEngine, version: Version): string {
  const wanted = Number.isFinite(version[0]) ? `whose engine is ${versionWords(version)}` : 'of today';
  return `put the tag of ${RUNTIMES[engine]} ${wanted} in place of ${TAG}`;
}

const imageOf = (engine: VersionedEngine): string => `nvcr.io/nvidia/ai-dynamo/${RUNTIMES[engine]}:${TAG}`;

/** PrefillWorker of the pool `prefill`. */
function serviceName({ pool }: PoolServer): string {
  const words = pool.name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return `${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')}Worker`;
}

function workerOf(one: PoolServer, apart: boolean): Part {
  const { pool, server, devices, nodes, name } = one;
  const options = server.options !== '';
  const container = {
    ...{ image: imageOf(server.engine), workingDir: '/workspace' },
    command: ['python3', '-m', `dynamo.${server.engine}`],
    args: dynamoArgs(one),
    ...(options ? { volumeMounts: [{ name: 'options', mountPath: '/etc/mist' }] } : {}),
  };
  return {
    componentType: 'worker',
    ...(apart ? { subComponentType: pool.role === 'prefill' ? 'prefill' : 'decode' } : {}),
    replicas: pool.count,
    envFromSecret: 'hf-token-secret',
    ...(nodes > 1 ? { multinode: { nodeCount: nodes } } : {}),
    resources: { limits: { gpu: String(Math.ceil(devices / nodes)) } },
    extraPodSpec: {
      ...(options ? { volumes: [{ name: 'options', configMap: { name } }] } : {}),
      mainContainer: container,
    },
  };
}

/** The engine's flags behind Dynamo's own: it connects the sides itself, so that the engine's words for that are left out. */
function dynamoArgs({ pool, server }: PoolServer): string[] {
  const own = ['--kv-transfer-config', '--disaggregation-mode', '--server_role'];
  const args = argsOf({ ...server, flags: server.flags.filter(([flag]) => !own.includes(flag)) }, '/etc/mist/');
  if (server.engine === 'vllm') {
    const side = pool.role === 'prefill' ? ['--is-prefill-worker'] : [];
    return ['--model', server.model, ...side, ...args];
  }
  const side = pool.role === 'both' ? [] : ['--disaggregation-mode', pool.role];
  const renamed = args.map((word) => DYNAMO_TRTLLM[word] ?? word);
  return ['--model-path', server.model, ...side, ...(server.engine === 'trtllm' ? renamed : args)];
}

/** Flags of trtllm-serve that dynamo.trtllm spells otherwise. */
const DYNAMO_TRTLLM: Readonly<Record<string, string>> = {
  '--tp_size': '--tensor-parallel-size',
  '--pp_size': '--pipeline-parallel-size',
  '--ep_size': '--expert-parallel-size',
  '--max_batch_size': '--max-batch-size',
  '--max_num_tokens': '--max-num-tokens',
  '--max_seq_len': '--max-seq-len',
  '--kv_cache_free_gpu_memory_fraction': '--free-gpu-memory-fraction',
  '--extra_llm_api_options': '--extra-engine-args',
};
