// A fleet as plain Kubernetes objects: a StatefulSet and a headless Service per pool, and the engine's own router before them.
import { stringify } from 'yaml';
import { programOf } from './launch.ts';
import { argsOf, headOf, imageOf, isApart, type PoolServer, portOf, YAML } from './manifest-parts.ts';

type Part = Readonly<Record<string, unknown>>;

/** YAML of several documents. `name`: of what is common to all pools. */
export function kubernetesManifest(servers: readonly PoolServer[], name: string): string {
  const router = routerOf(servers, name);
  const documents = [...servers.flatMap(objectsOf), ...router.documents];
  const spanning = servers.filter(({ nodes }) => nodes > 1);
  const wide = spanning.map(
    ({ pool, nodes }) => `${pool.name}: an instance spans ${nodes} nodes, which takes a LeaderWorkerSet`,
  );
  const head = headOf('Kubernetes: kubectl apply -f', servers, [...wide, ...router.notes]);
  return `${head}${documents.map((one) => stringify(one, YAML)).join('---\n')}`;
}

function objectsOf(one: PoolServer): Part[] {
  const { name, pool, server, devices, resource } = one;
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': pool.role };
  const port = portOf(server);
  const options = server.options !== '';
  const program = programOf(server);
  const container = {
    ...{ name: server.engine, image: imageOf(server), command: program },
    args: [...argsOf(server, '/etc/mist/'), '--host', '0.0.0.0', '--port', String(port)],
    ports: [{ name: 'http', containerPort: port }],
    env: environmentOf(one),
    resources: { limits: { [resource]: devices } },
    readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, failureThreshold: 360 },
    volumeMounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      ...(options ? [{ name: 'options', mountPath: '/etc/mist' }] : []),
    ],
  };
  const volumes = [
    { name: 'shm', emptyDir: { medium: 'Memory' } },
    ...(options ? [{ name: 'options', configMap: { name } }] : []),
  ];
  return [
    ...(options ? [configMap(name, { 'options.yaml': server.options })] : []),
    service(name, labels, port, true),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, labels },
      spec: {
        ...{ serviceName: name, replicas: pool.count, podManagementPolicy: 'Parallel' },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container], volumes } },
      },
    },
  ];
}

/** Where a peer of the other side finds the cache of this one (NIXL's handshake). */
function environmentOf({ pool, server }: PoolServer): Part[] {
  const token = { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf-token', key: 'token', optional: true } } };
  if (server.engine !== 'vllm' || pool.role === 'both') return [token];
  return [
    token,
    { name: 'VLLM_NIXL_SIDE_CHANNEL_HOST', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'VLLM_NIXL_SIDE_CHANNEL_PORT', value: '5600' },
  ];
}

function service(name: string, selector: Part, port: number, headless: boolean): Part {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: {
      ...(headless ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}),
      selector,
      ports: [{ name: 'http', port, targetPort: 'http' }],
    },
  };
}

const configMap = (name: string, data: Part): Part => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

/** Names by which a pod is found behind its headless service. */
function urlsOf(servers: readonly PoolServer[], scheme: string): string[] {
  return servers.flatMap(({ name, pool, server }) =>
    Array.from({ length: pool.count }, (_, i) => `${scheme}${name}-${i}.${name}:${portOf(server)}`),
  );
}

function routerOf(servers: readonly PoolServer[], name: string): { documents: Part[]; notes: string[] } {
  const [first] = servers;
  const apart = isApart(servers);
  const one = servers.length === 1 && first!.pool.count === 1;
  if (first === undefined || one) return { documents: [], notes: [] };
  const { engine } = first.server;
  if (servers.some(({ server }) => server.engine !== engine))
    return { documents: [], notes: ['put a router of yours before these engines of several kinds'] };
  if (engine === 'vllm' && apart) {
    const note =
      'vLLM has no router of its own that hands a cache from one side to the other: take --as llm-d or --as dynamo, or put one here';
    return { documents: [], notes: [note] };
  }
  const router = `${name}-router`;
  const labels = { 'app.kubernetes.io/name': router };
  if (engine !== 'sglang' && !apart) return { documents: servers.map((one) => balanced(one, router)), notes: [] };
  const [command, data] = engine === 'sglang' ? [sglangRouter(servers), null] : trtllmRouter(servers);
  const container = {
    ...{ name: 'router', image: imageOf(first.server), command },
    ports: [{ name: 'http', containerPort: 8000 }],
    ...(data ? { volumeMounts: [{ name: 'router', mountPath: '/etc/mist' }] } : {}),
  };
  const volumes = data ? { volumes: [{ name: 'router', configMap: { name: router } }] } : {};
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: router, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container], ...volumes } },
    },
  };
  return {
    documents: [...(data ? [configMap(router, data)] : []), service(router, labels, 8000, false), deployment],
    notes: [],
  };
}

/** Replicas of one pool need no more than a service: connections are spread as they come. */
function balanced({ name, pool, server }: PoolServer, router: string): Part {
  const selector = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': pool.role };
  return service(router, selector, portOf(server), false);
}

const sides = (servers: readonly PoolServer[]) => ({
  prefill: servers.filter(({ pool }) => pool.role === 'prefill'),
  decode: servers.filter(({ pool }) => pool.role !== 'prefill'),
});

function sglangRouter(servers: readonly PoolServer[]): string[] {
  const start = ['python3', '-m', 'sglang_router.launch_router', '--host', '0.0.0.0', '--port', '8000'];
  if (!isApart(servers)) return [...start, '--worker-urls', ...urlsOf(servers, 'http://')];
  const { prefill, decode } = sides(servers);
  return [
    ...start,
    '--pd-disaggregation',
    ...urlsOf(prefill, 'http://').flatMap((url) => ['--prefill', url, '8998']),
    ...urlsOf(decode, 'http://').flatMap((url) => ['--decode', url]),
  ];
}

/** trtllm-serve disaggregated takes a file. */
function trtllmRouter(servers: readonly PoolServer[]): [string[], Part] {
  const { prefill, decode } = sides(servers);
  const side = (of: readonly PoolServer[]) => ({ num_instances: urlsOf(of, '').length, urls: urlsOf(of, '') });
  const file = { hostname: '0.0.0.0', port: 8000, context_servers: side(prefill), generation_servers: side(decode) };
  return [['trtllm-serve', 'disaggregated', '-c', '/etc/mist/router.yaml'], { 'router.yaml': stringify(file) }];
}
