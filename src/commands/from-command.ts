// mist spec --from-command: a spec of the engines that a command, a start-up log or an options file starts.
import { dirname, resolve } from 'node:path';
import type { Catalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { readTextFile, statOf } from '../check/text-file.ts';
import { checkFleet } from '../plan/pipeline/lower-fleet.ts';
import { type Beside, specText, tellStart } from '../report/spec-text.ts';
import { openSpec } from '../run/open-spec.ts';
import { isNoLog, parseEngineLog } from '../spec/engine-log.ts';
import { findStarts } from '../spec/launch/find-start.ts';
import { type ReadStart, readStart, type StartWorld } from '../spec/launch/read-start.ts';

/** What stands beside the command, as flags of `mist spec` have it. */
export interface Asked {
  /** Commands, or files that hold one. */
  readonly from: readonly string[];
  readonly hardware?: string;
  readonly model?: string;
  readonly profile?: string;
  readonly workload?: string;
  readonly requestRate?: string;
  readonly acceptance?: string;
}

export interface Converted {
  /** The spec as YAML, with what was left out as comments. */
  readonly text: string;
  readonly starts: readonly ReadStart[];
  /** The same words for people. */
  readonly words: readonly string[];
}

/** Stands in for a load, which no command says: chats at one request a second. */
const STAND_IN = { lengths: 'azure-conv-2023', request_rate: 1 } as const;

/** Throws UserError with every mistake: flags, values, and what is missing beside the command. */
export function convert(asked: Asked, catalog: Catalog): Converted {
  const issues: Issue[] = [];
  const starts = asked.from.flatMap((given) => startsOf(given, asked, catalog, issues));
  const several = starts.length > 1;
  if (
    several &&
    !(['prefill', 'decode'] as const).every((role) => starts.filter(({ keys }) => keys.role === role).length === 1)
  ) {
    const expected = 'one server, or one that prefills and one that decodes (a role in its flags)';
    issues.push({ path: '--from-command', expected, received: `${starts.length} servers` });
  }
  if (!several && starts[0]?.keys.role !== undefined) {
    const expected = 'the other side of the disaggregated service too: a second --from-command';
    issues.push({
      path: '--from-command',
      expected,
      received: `a server that only does ${String(starts[0].keys.role)}`,
    });
  }
  const beside = besideOf(asked, starts, issues);
  if (issues.length > 0) throw new UserError(issues);
  const text = specText(starts, beside);
  check(text, catalog);
  return { text, starts, words: starts.flatMap(tellStart) };
}

function startsOf(given: string, asked: Asked, catalog: Catalog, issues: Issue[]): ReadStart[] {
  const isFile = statOf(given)?.isFile() ?? false;
  const text = isFile ? readTextFile(given, { path: '--from-command', expected: 'a readable file' }) : given;
  const { starts, files, unset, open } = findStarts(text);
  if (open !== null)
    issues.push({ path: '--from-command', expected: 'quotes that close', received: `one opened in line ${open}` });
  for (const name of starts.length > 0 ? unset : [])
    issues.push({
      path: `$${name}`,
      expected: 'a value in the text itself',
      received: 'nothing',
      hint: `set ${name}=... before the command`,
    });
  if (starts.length === 0 && open === null) {
    const expected =
      'a command that starts vLLM (vllm serve), SGLang (python -m sglang.launch_server) or TensorRT-LLM (trtllm-serve), their start-up log, an options file of trtllm-serve, or a file that holds one';
    issues.push({ path: '--from-command', expected, received: text.trim() === '' ? 'nothing' : firstWords(text) });
  }
  const world: StartWorld = {
    readText(name) {
      const within = Object.hasOwn(files, name) ? files[name] : undefined;
      if (within !== undefined) return within;
      const path = resolve(isFile ? dirname(given) : '.', name);
      return readTextFile(path, { path: '--from-command', expected: 'a readable file of options' });
    },
    blockSize: (profile) => catalog.engine(profile).block_size,
    model: (name) => modelOf(asked.model ?? name, catalog),
  };
  return starts.map((start) => {
    const read = readStart(start, world, asked.profile);
    // what a missing variable or quote leaves behind is no second mistake
    if (open === null && unset.length === 0) issues.push(...read.faults);
    const capacity = isFile && start.from === 'log' ? parseEngineLog(text, given) : null;
    if (capacity === null || isNoLog(capacity)) return read;
    return { ...read, keys: { ...read.keys, num_gpu_blocks: { log: given } } };
  });
}

const firstWords = (text: string): string => JSON.stringify(text.trim().slice(0, 60));

function modelOf(name: string, catalog: Catalog) {
  try {
    const { groups, native_format } = catalog.model(name);
    return { experts: groups.some(({ mlp }) => mlp.kind === 'moe'), native: native_format };
  } catch (error) {
    if (error instanceof UserError) return null; // told when the spec is opened
    throw error;
  }
}

/** What no command says, each missing part told at once. */
function besideOf(asked: Asked, starts: readonly ReadStart[], issues: Issue[]): Beside {
  const missing = (path: string, expected: string, hint: string) =>
    issues.push({ path, expected, received: 'nothing', hint });
  if (asked.hardware === undefined)
    missing(
      '--hardware',
      'the device that it runs on',
      'no command says it: --hardware h100-sxm-80gb; mist catalog hardware lists them',
    );
  if (asked.model === undefined && starts.some(({ model }) => model === null))
    missing('--model', 'the model that is served', 'nothing names one: --model ID, or the path of its config.json');
  const drafts = starts.some(({ keys }) => keys.speculative_config !== undefined);
  if (drafts && asked.acceptance === undefined)
    missing(
      '--acceptance',
      'the probability that a draft is accepted, or one for each',
      'vLLM logs it: --acceptance 0.7,0.5',
    );
  if (!drafts && asked.acceptance !== undefined)
    issues.push({ path: '--acceptance', expected: 'no acceptance: nothing is drafted', received: asked.acceptance });
  const rate = asked.requestRate === undefined ? STAND_IN.request_rate : Number(asked.requestRate);
  if (!(rate > 0))
    issues.push({
      path: '--request-rate',
      expected: 'requests per second, above 0',
      received: String(asked.requestRate),
    });
  const chances = asked.acceptance?.split(',').map(Number);
  if (chances?.some((chance) => !(chance >= 0 && chance <= 1)))
    issues.push({ path: '--acceptance', expected: 'probabilities from 0 to 1', received: asked.acceptance! });
  return {
    hardware: asked.hardware ?? '',
    ...(asked.model === undefined ? {} : { model: asked.model }),
    workload: { lengths: asked.workload ?? STAND_IN.lengths, request_rate: rate },
    loadGiven: asked.workload !== undefined && asked.requestRate !== undefined,
    ...(chances && drafts ? { acceptance: chances.length === 1 ? chances[0] : chances } : {}),
  };
}

/** The spec that was written can be read and run: what is wrong with it is wrong with the command. */
function check(text: string, catalog: Catalog): void {
  try {
    const { first } = openSpec(text, 'command', catalog);
    checkFleet(first, catalog);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // places are those of a file that nobody has seen
    throw new UserError(error.issues.map(({ file: _, line: __, ...issue }) => withHint(issue)));
  }
}

function withHint(issue: Issue): Issue {
  if (!/(^|\.)model$/.test(issue.path)) return issue;
  const other = '--model names another of the catalog, or the path of a config.json';
  return { ...issue, hint: issue.hint ? `${issue.hint} ${other}` : other };
}
