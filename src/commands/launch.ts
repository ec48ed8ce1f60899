// mist launch: what starts a deployment on real machines (commands, manifests), and the commands that put its load on it.
import { labelsOf } from '../catalog/labels.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import type { Content } from '../check/whole-file.ts';
import { checkFleet } from '../plan/pipeline/lower-fleet.ts';
import { dynamoManifest } from '../report/dynamo.ts';
import { kubernetesManifest } from '../report/kubernetes.ts';
import { launchesOf, launchLines } from '../report/launch-row.ts';
import { llmdValues } from '../report/llm-d.ts';
import { LOAD_FILE, type LoadCommands, loadCommands } from '../report/load-commands.ts';
import { loadLines } from '../report/load-trace.ts';
import { listServers, nameFor, type PoolServer } from '../report/manifest-parts.ts';
import { writeFiles } from '../report/write.ts';
import { openSpec } from '../run/open-spec.ts';
import { type FleetSpec, poolsOfKind } from '../spec/fleet/types.ts';
import { makeWalks } from '../workload/walks.ts';
import { onlyWord, wholeFlag, wordFlag } from './flags.ts';
import { rowOf, tellAxes } from './row.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const KINDS = ['shell', 'kubernetes', 'dynamo', 'llm-d'] as const;
type Kind = (typeof KINDS)[number];

const FLAGS = {
  '--row': String,
  '--as': String,
  '--url': String,
  '--out': String,
  '--seed': String,
  '--catalog': String,
  '--json': Boolean,
} as const;

const HELP = `mist launch SPEC [--row N] [--as ${KINDS.join('|')}] [--out FOLDER] [--url URL]

  What starts a deployment: the command of each of its servers with the flags of the version that its profile names, and
  the commands of vllm bench serve and AIPerf that put the spec's load on it. Of a spec with axes --row says which row.

  --as KIND          shell (the default); kubernetes: objects for kubectl, with the engine's own router; dynamo: a
                     DynamoGraphDeployment; llm-d: values of the chart llm-d-modelservice (vLLM only)
  --out FOLDER       write servers.sh, load.sh, ${LOAD_FILE} (the requests themselves, where no generator draws them) and
                     a manifest of every kind that can be
  --url URL          where the load is sent; http://localhost:8000 if left out
${SPEC_HELP}  --seed N           another seed for the load
  --json             for programs
  --catalog FOLDER   a catalog folder of your own, first
`;
const URL = 'http://localhost:8000';

/** Exit code 0; a user's mistakes are thrown as a UserError (exit code 2). */
export const launch = specVerb('launch', FLAGS, HELP, async (flags, out, specs) => {
  const file = onlyWord('launch', flags._, 'one spec file');
  const catalog = openCatalog({ folder: flags['--catalog'] });
  const kind = wordFlag('--as', flags['--as'], KINDS) ?? 'shell';
  const row = wholeFlag('--row', flags['--row'], 0);
  const spec = readFleet(specs.read(file), file, catalog, row, wholeFlag('--seed', flags['--seed'], 0));
  const parts = describe(spec, catalog, flags['--url'] ?? URL);
  const folder = flags['--out'];
  const again = `mist launch ${specs.words(file)}${row === undefined ? '' : ` --row ${row}`} --out FOLDER`;
  const text = textOf(kind, parts, folder === undefined ? again : null);
  out.stdout(flags['--json'] ? `${JSON.stringify(toJson(parts), null, 2)}\n` : text);
  if (folder !== undefined) {
    const written = await writeFiles(folder, filesOf(parts));
    out.stderr(`Wrote ${written.join(', ')}\n`);
  }
  return 0;
});

/** The one fleet of a spec, or the row that is asked for. */
function readFleet(
  text: string,
  file: string,
  catalog: Catalog,
  row: number | undefined,
  seed: number | undefined,
): FleetSpec {
  const question = openSpec(text, file, catalog, seed);
  const several = tellAxes('mist launch', `mist sweep ${file} finds the best; --row N takes one`);
  const { spec } = question.at(rowOf(question, row, several));
  checkFleet(spec, catalog);
  return spec;
}

interface Parts {
  readonly spec: FleetSpec;
  readonly name: string;
  readonly launches: ReturnType<typeof launchesOf>;
  /** Servers of all pools, or why a manifest cannot have them. */
  readonly servers: readonly PoolServer[] | { readonly words: string };
  readonly load: LoadCommands | null;
  readonly trace: () => Content;
}

function describe(spec: FleetSpec, catalog: Catalog, url: string): Parts {
  const pools = poolsOfKind(spec, 'llm');
  const models = pools.flatMap(({ configuration: { model } }) => (model === '' ? [] : [model]));
  const labels = labelsOf(catalog, models, []);
  const launches = launchesOf({ row: 0 }, { specAt: () => spec, labels });
  const servers = listServers(spec, (id) => catalog.hardware(id), labels);
  if (launches.every(({ launch: { command } }) => command === null)) {
    const received = launches.map(({ pool, launch: { notes } }) => `${pool}: ${notes.join(', ')}`).join('; ');
    throw new UserError([
      { path: 'mist launch', expected: 'an engine that a command starts', received: received || 'no pool of engines' },
    ]);
  }
  const walks = makeWalks(spec, (id) => catalog.shape(id));
  const asked = 'words' in servers ? undefined : servers.find(({ pool }) => pool.role !== 'decode')?.server.model;
  return {
    ...{ spec, launches, servers, name: nameFor(spec.name) },
    load: asked === undefined ? null : loadCommands(spec, asked, url, walks.count),
    trace: () => loadLines(walks),
  };
}

function textOf(kind: Kind, parts: Parts, again: string | null): string {
  if (kind === 'shell') return `${serverText(parts)}${parts.load === null ? '' : `\n${loadText(parts.load, again)}`}`;
  const made = manifestOf(kind, parts);
  if (typeof made === 'string') return made;
  throw new UserError([{ path: '--as', expected: `a fleet that ${kind} can deploy`, received: made.words }]);
}

function manifestOf(kind: Exclude<Kind, 'shell'>, { servers, name }: Parts): string | { readonly words: string } {
  if ('words' in servers) return servers;
  if (kind === 'kubernetes') return kubernetesManifest(servers, name);
  return kind === 'dynamo' ? dynamoManifest(servers, name) : llmdValues(servers);
}

const serverText = ({ launches, spec }: Parts): string => `# ${spec.name}\n${launchLines(launches).join('\n')}\n`;

function loadText({ vllm, aiperf, traced, notes }: LoadCommands, again: string | null): string {
  const lines = [
    '# The load, by the benchmark of vLLM or by AIPerf:',
    ...(traced && again !== null ? [`# ${again} writes ${LOAD_FILE}`] : []),
    ...notes.map((note) => `# ${note}`),
  ];
  return `${lines.join('\n')}\n${vllm}\n\n${aiperf}\n`;
}

/** Every file that the fleet can have. */
function filesOf(parts: Parts): [string, () => Content][] {
  const { load } = parts;
  const manifests = (['kubernetes', 'dynamo', 'llm-d'] as const).flatMap((kind): [string, () => Content][] => {
    const made = manifestOf(kind, parts);
    return typeof made === 'string' ? [[`${kind}.yaml`, () => made]] : [];
  });
  return [
    ['servers.sh', () => `#!/bin/sh\n${serverText(parts)}`],
    ...(load === null ? [] : [['load.sh', () => `#!/bin/sh\n${loadText(load, null)}`] as [string, () => Content]]),
    ...(load?.traced ? [[LOAD_FILE, parts.trace] as [string, () => Content]] : []),
    ...manifests,
  ];
}

function toJson(parts: Parts): object {
  const { launches, load } = parts;
  const manifests = (['kubernetes', 'dynamo', 'llm-d'] as const).map((kind) => {
    const made = manifestOf(kind, parts);
    return [kind, typeof made === 'string' ? made : { reason: made.words }] as const;
  });
  return {
    launch: launches.map(({ pool, devices, launch: one }) => ({
      pool,
      devices,
      command: one.command,
      notes: one.notes,
    })),
    load: load && { 'vllm bench serve': load.vllm, aiperf: load.aiperf, traced: load.traced, notes: load.notes },
    manifests: Object.fromEntries(manifests),
  };
}
