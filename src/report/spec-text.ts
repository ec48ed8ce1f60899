// Writes the spec of engines that a command, a log or an options file starts, with what of them it leaves out as comments.
import { stringify } from 'yaml';
import { versionWords } from '../catalog/engine-versions.ts';
import { ENGINES } from '../spec/launch/engines.ts';
import type { ReadStart } from '../spec/launch/read-start.ts';
import { DEPLOYMENT_KEYS } from '../spec/shorthand.ts';
import { wrap } from './width.ts';

/** What no command says. */
export interface Beside {
  readonly hardware: string;
  /** In place of the name in the command. */
  readonly model?: string;
  readonly workload: Readonly<Record<string, unknown>>;
  /** Whether the load was given, or stands in for one. */
  readonly loadGiven: boolean;
  /** Probability that a draft is accepted; undefined where nothing is drafted. */
  readonly acceptance?: number | readonly number[];
}

type Keys = Readonly<Record<string, unknown>>;

/** The document: plain for one engine, a fleet for several. */
export function specOfStarts(starts: readonly ReadStart[], beside: Beside): Keys {
  const pools = starts.map((start) => poolOf(start, beside));
  if (pools.length > 1) {
    const fleet = Object.fromEntries(pools.map(({ role, ...pool }) => [String(role), { kind: 'llm', role, ...pool }]));
    return { fleet, pipelines: { serve: { stages: [{ prefill: {} }, { decode: {} }] } }, workload: beside.workload };
  }
  const [{ model, ...keys }] = pools as [Keys];
  const parts = Object.entries(keys);
  const deployment = parts.flatMap(([key, value]) =>
    key in DEPLOYMENT_KEYS ? [[DEPLOYMENT_KEYS[key], value] as const] : [],
  );
  const engine = parts.filter(([key]) => !(key in DEPLOYMENT_KEYS) && key !== 'role');
  return {
    model,
    workload: beside.workload,
    deployment: Object.fromEntries(deployment),
    engine: Object.fromEntries(engine),
  };
}

function poolOf(start: ReadStart, { hardware, model, acceptance }: Beside): Keys & { readonly role?: unknown } {
  const { speculative_config: drafts, ...keys } = start.keys;
  return {
    model: model ?? start.model,
    hardware,
    ...keys,
    profile: start.profile,
    ...(drafts === undefined ? {} : { speculative_config: { ...(drafts as Keys), acceptance } }),
  };
}

/** The spec as YAML, opened by what was read, left out, and is not in the command. */
export function specText(starts: readonly ReadStart[], beside: Beside): string {
  const lines = starts.flatMap(tellStart);
  if (!beside.loadGiven) lines.push('The load is not in the command: put in your own.');
  const comments = lines.flatMap((line) => wrap(line, WIDTH)).map((line) => `# ${line}\n`);
  return `${comments.join('')}${stringify(specOfStarts(starts, beside), { lineWidth: WIDTH, flowCollectionPadding: false })}`;
}
const WIDTH = 118;

/** What is told of one start, line by line. */
export function tellStart(start: ReadStart): string[] {
  const { title } = ENGINES[start.engine];
  const version = start.version && start.version[2] >= 0 ? ` ${versionWords(start.version)}` : '';
  const lost = start.lost.map(({ flag, why }) => `- ${flag}: ${why}`);
  return [
    `Read from a start of ${title}${version}, profile ${start.profile}.`,
    ...(lost.length > 0 ? ['Left out, because a spec cannot say it:', ...lost] : []),
    ...(start.silent.length > 0 ? [`Means nothing to time: ${start.silent.join(', ')}.`] : []),
  ];
}
