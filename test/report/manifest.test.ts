// Manifests of fleets: valid objects with the counts, splits and flags of every pool, whose commands say what the pools say.
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { dynamoManifest } from '../../src/report/dynamo.ts';
import { kubernetesManifest } from '../../src/report/kubernetes.ts';
import { buildLaunch, quoteWord } from '../../src/report/launch.ts';
import { llmdValues } from '../../src/report/llm-d.ts';
import { listServers, nameFor, type PoolServer } from '../../src/report/manifest-parts.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { CATALOG, readOne } from '../launch/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of others, looked at key by key
type Json = Record<string, any>;

const PROFILES = ['vllm-0.11', 'sglang-0.5.9', 'trtllm-1.0'];

function serversOf(profile: string, apart: boolean, more = ''): readonly PoolServer[] {
  const pool = (tp: number, count: number, role: string) =>
    `{kind: llm, role: ${role}, model: llama-3.1-8b, hardware: h100-sxm-80gb, tensor_parallel_size: ${tp}, count: ${count}, profile: ${profile}, max_num_seqs: 99, kv_cache_dtype: fp8${more}}`;
  const pools = apart
    ? `  fill: ${pool(4, 3, 'prefill')}\n  answer: ${pool(2, 2, 'decode')}\n`
    : `  engine: ${pool(2, 2, 'both')}\n`;
  const text = `name: "Fleet, No. 1"\nfleet:\n${pools}pipelines: {serve: {stages: [{prefill: {}}, {decode: {}}]}}\nworkload: {lengths: azure-conv-2023, request_rate: 1}\n`;
  const spec = openQuestion(text, 'f.yaml', CATALOG).first;
  const servers = listServers(spec, (id) => CATALOG.hardware(id), {});
  if ('words' in servers) throw new Error(servers.words);
  return servers;
}

const documentsOf = (text: string): Json[] =>
  parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Json;
  });

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const VERSIONS: Readonly<Record<string, string>> = {
  ConfigMap: 'v1',
  Service: 'v1',
  StatefulSet: 'apps/v1',
  Deployment: 'apps/v1',
};

/** What the API server would refuse of a workload: labels that do not meet, volumes that are not there, values that are no text. */
function checkWorkload({ spec, metadata }: Json, all: readonly Json[]): Json {
  const { template, selector } = spec as Json;
  expect(template.metadata.labels).toEqual(selector.matchLabels);
  const [container] = template.spec.containers as Json[];
  for (const word of [...container!.command, ...(container!.args ?? [])]) expect(typeof word).toBe('string');
  const volumes: Json[] = template.spec.volumes ?? [];
  for (const { name } of (container!.volumeMounts ?? []) as Json[])
    expect(volumes.map((one) => one.name)).toContain(name);
  const maps = all.filter(({ kind }) => kind === 'ConfigMap').map((one) => one.metadata.name);
  for (const { configMap } of volumes) if (configMap) expect(maps).toContain(configMap.name);
  const ports = (container!.ports as Json[]).map(({ name }) => name);
  const services = all.filter((one) => one.kind === 'Service' && (metadata.name as string) === one.metadata.name);
  expect(services.length).toBe(1);
  expect(services[0]!.spec.selector).toEqual(selector.matchLabels);
  for (const port of services[0]!.spec.ports as Json[]) expect(ports).toContain(port.targetPort);
  return container!;
}

describe.each(PROFILES)('%s', (profile) => {
  test.each([true, false])('Kubernetes, apart: %s', (apart) => {
    const servers = serversOf(profile, apart);
    const all = documentsOf(kubernetesManifest(servers, nameFor('Fleet, No. 1')));
    for (const { kind, apiVersion, metadata } of all) {
      expect(VERSIONS[kind as string]).toBe(apiVersion);
      expect(metadata.name).toMatch(NAME);
    }
    const sets = all.filter(({ kind }) => kind === 'StatefulSet');
    expect(sets.map(({ spec }) => spec.replicas)).toEqual(apart ? [3, 2] : [2]);
    for (const [i, set] of sets.entries()) {
      const container = checkWorkload(set, all);
      expect(container.resources.limits).toEqual({ 'nvidia.com/gpu': servers[i]!.devices });
      const map = all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === set.metadata.name);
      const files = { '/etc/mist/options.yaml': map?.data['options.yaml'] ?? '' };
      const read = readOne([...container.command, ...container.args].map(quoteWord).join(' '), files, profile);
      const { pool } = servers[i]!;
      expect(read.faults).toEqual([]);
      expect(read.keys).toEqual(readOne(buildLaunch(pool).command!, {}, profile).keys);
      expect(read.keys).toMatchObject({
        tensor_parallel_size: servers[i]!.devices,
        max_num_seqs: 99,
        kv_cache_dtype: 'fp8',
      });
    }
    const router = all.find(({ kind }) => kind === 'Deployment');
    if (profile === 'vllm-0.11') expect(router).toBeUndefined();
    else if (apart || profile.startsWith('sglang')) {
      checkWorkload(router!, all);
      const said = JSON.stringify(all.filter(({ metadata }) => (metadata.name as string).endsWith('-router')));
      const pods = servers.flatMap(({ name, pool }) =>
        Array.from({ length: pool.count }, (_, at) => `${name}-${at}.${name}:`),
      );
      for (const pod of pods) expect(said).toContain(pod);
    } else
      expect(all.some(({ kind, metadata }) => kind === 'Service' && metadata.name === 'fleet-no-1-router')).toBe(true);
  });

  test('Dynamo', () => {
    const servers = serversOf(profile, true);
    const all = documentsOf(dynamoManifest(servers, 'fleet'));
    const graph = all.at(-1)!;
    expect([graph.apiVersion, graph.kind, graph.metadata.name]).toEqual([
      ...['nvidia.com/v1alpha1', 'DynamoGraphDeployment', 'fleet'],
    ]);
    const { Frontend, FillWorker, AnswerWorker, ...rest } = graph.spec.services as Json;
    expect(rest).toEqual({});
    expect(Frontend).toMatchObject({ componentType: 'frontend', replicas: 1 });
    expect(FillWorker).toMatchObject({
      componentType: 'worker',
      subComponentType: 'prefill',
      replicas: 3,
      resources: { limits: { gpu: '4' } },
    });
    expect(AnswerWorker).toMatchObject({
      subComponentType: 'decode',
      replicas: 2,
      resources: { limits: { gpu: '2' } },
    });
    for (const worker of [FillWorker, AnswerWorker] as Json[]) {
      const { command, args } = worker.extraPodSpec.mainContainer as Json;
      expect(command.slice(0, 2)).toEqual(['python3', '-m']);
      for (const word of args) expect(typeof word).toBe('string');
      expect(args).toContain('99');
    }
  });
});

test('llm-d takes vLLM, one pool of each side', () => {
  const text = llmdValues(serversOf('vllm-0.11', true));
  const [values] = documentsOf(text as string);
  expect(values).toMatchObject({
    decode: { create: true, replicas: 2, parallelism: { tensor: 2, data: 1 } },
    prefill: { create: true, replicas: 3, parallelism: { tensor: 4, data: 1 } },
    routing: { proxy: { enabled: true } },
  });
  const [container] = values!.decode.containers as Json[];
  expect(container!.args).toContain('--kv-transfer-config');
  expect(container!.args).not.toContain('--tensor-parallel-size'); // the chart's
  expect(llmdValues(serversOf('vllm-0.11', false))).toContain('create: false');
  expect(llmdValues(serversOf('sglang-0.5.9', true))).toMatchObject({ words: /no vLLM/ });
});

test('engines of several kinds, and vLLM apart, get no router, and that is said; one instance needs none', () => {
  const kindsOf = (servers: readonly PoolServer[]) => kubernetesManifest(servers, 'mixed');
  const mixed = [...serversOf('vllm-0.11', false), ...serversOf('sglang-0.5.9', false)];
  const said = (text: string) => [
    /several kinds/.test(text),
    /no router of its own/.test(text),
    /mixed-router/.test(text),
  ];
  expect(said(kindsOf(mixed))).toEqual([true, false, false]);
  expect(said(kindsOf(serversOf('vllm-0.11', true)))).toEqual([false, true, false]);
  expect(said(kindsOf(serversOf('sglang-0.5.9', true)))).toEqual([false, false, true]);
  const [one] = serversOf('sglang-0.5.9', false);
  expect(said(kindsOf([{ ...one!, pool: { ...one!.pool, count: 1 } }]))).toEqual([false, false, false]);
});

test('an instance that is wider than a node says so', () => {
  const servers = serversOf('vllm-0.11', false, ', pipeline_parallel_size: 8');
  expect(servers[0]).toMatchObject({ devices: 16, nodes: 2 });
  expect(kubernetesManifest(servers, 'x')).toMatch(/# .*spans 2 nodes/);
  const [graph] = documentsOf(dynamoManifest(servers, 'x'));
  expect(graph!.spec.services.EngineWorker).toMatchObject({
    multinode: { nodeCount: 2 },
    resources: { limits: { gpu: '8' } },
  });
});

test('names are such as Kubernetes takes', () => {
  for (const text of ['Llama 3.1 70B chat, 20 requests/s', '', '---', '9 lives', 'x'.repeat(90), 'Ä'])
    expect(nameFor(text)).toMatch(NAME);
});
