// The command that starts an instance of a pool on real machines, in the words of its engine, and what the command cannot say.
import { stringify } from 'yaml';
import {
  engineOfProfile,
  isAtLeast,
  readVersion,
  type Version,
  type VersionedEngine,
} from '../catalog/engine-versions.ts';
import { nameRouting } from '../spec/fleet/words.ts';
import { ENGINES } from '../spec/launch/engines.ts';
import { type Flag, printFlags } from '../spec/launch/print-flags.ts';
import type { Deployed } from '../spec/launch/settle.ts';
import { SERVES } from '../spec/launch/trtllm-flags.ts';

export interface Launch {
  /** null where the profile belongs to no engine with a launch command. */
  readonly command: string | null;
  /** What must be done beside the command, or what the engine has no flag for. */
  readonly notes: readonly string[];
}

/** Checkpoints to serve, by model id. */
export type Labels = Readonly<Record<string, string>> | undefined;

/** A server as its parts: for commands, and for manifests that want them apart. */
export interface Server {
  readonly engine: VersionedEngine;
  readonly version: Version;
  readonly model: string;
  readonly flags: readonly Flag[];
  /** The file of options, as YAML; '' where it needs none. */
  readonly options: string;
  readonly notes: readonly string[];
}

/** `labels` may name the checkpoint to serve for a model id; without one the id itself stands in the command. */
export function buildLaunch(pool: Deployed, labels?: Labels): Launch {
  const server = describeServer(pool, labels);
  if ('words' in server) return { command: null, notes: [server.words] };
  const command = commandOf(server);
  const file = server.options === '' ? '' : `cat > ${OPTIONS} <<'YAML'\n${server.options}YAML\n`;
  return { command: `${file}${command}`, notes: [...noteReplicas(pool), ...server.notes] };
}
const OPTIONS = 'options.yaml';

/** The parts of a pool's server, or why nothing is known that starts it. */
export function describeServer(pool: Deployed, labels?: Labels): Server | { readonly words: string } {
  const { configuration: c } = pool;
  if (c.step_time !== null) return { words: 'a step_time of its own has no engine to launch' };
  const found = engineOfProfile(c.profile);
  if (found === null) return { words: `no launch command is known for the profile ${c.profile}` };
  const { engine, version } = found;
  const drafts = c.speculative_config;
  const named = drafts ? { ...c, speculative_config: { ...drafts, model: nameOf(drafts.model, labels) } } : c;
  const { told, notes } = ENGINES[engine].tell({ ...pool, configuration: named }, version);
  const printed = printFlags(engine, told, version);
  const serves = engine !== 'trtllm' || isAtLeast(version, FIRST_SERVER);
  const hasFile = serves && Object.keys(printed.options).length > 0;
  const triton = serves
    ? []
    : Object.entries(printed.options).map(([key, value]) => `config.pbtxt of Triton: ${key} ${value}`);
  return {
    ...{ engine, version, model: nameOf(c.model, labels) },
    flags: [...printed.flags, ...(hasFile ? [['--extra_llm_api_options', OPTIONS] as const] : [])],
    options: hasFile ? stringify(printed.options) : '',
    notes: [...notes, ...printed.notes, ...triton],
  };
}

/** The program, and its model where that is no flag. */
export function programOf({ engine, version, model }: Server): readonly string[] {
  if (engine === 'sglang') return ['python', '-m', 'sglang.launch_server', '--model-path', model];
  if (engine === 'vllm' && !isAtLeast(version, VLLM_SERVE))
    return ['python', '-m', 'vllm.entrypoints.openai.api_server', '--model', model];
  if (engine === 'vllm') return ['vllm', 'serve', model];
  // before there was a server, an engine was built and given to Triton
  return isAtLeast(version, FIRST_SERVER) ? ['trtllm-serve', model] : ['trtllm-build', '--checkpoint_dir', model];
}
const VLLM_SERVE: Version = [0, 5, 4];
const FIRST_SERVER = readVersion(SERVES)!;

/** As lines of a shell. */
export function commandOf(server: Server): string {
  const lines = server.flags.map(([name, value]) =>
    value === undefined ? name : `${name} ${quoteWord(String(value))}`,
  );
  return [programOf(server).map(quoteWord).join(' '), ...lines].join(' \\\n  ');
}

/** Quoted for a POSIX shell where it must be. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A path is served from its folder; a label counts only if it looks like a checkpoint ("organisation/name"). */
export function nameOf(model: string, labels: Labels): string {
  const label = labels?.[model];
  return label && /^[\w.-]+\/[\w.-]+$/.test(label) ? label : model.replace(/[\\/]config\.json$/, '');
}

/** A configuration knows two ways of routing only: what a pool has is its own. */
function noteReplicas({ configuration: { replicas, routing: word }, routing }: Deployed): string[] {
  const how = routing ? nameRouting(routing) : word;
  return replicas > 1 ? [`start ${replicas} of these behind a balancer (${how})`] : [];
}
