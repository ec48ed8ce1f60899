// Finds in a text what starts an engine: a command of a shell, a line of a start-up log, or an options file.

import { parse } from 'yaml';
import { readVersion, type Version, type VersionedEngine } from '../../catalog/engine-versions.ts';
import { isRecord } from '../../check/python-json.ts';
import { flagIndex } from './engines.ts';
import { plainName } from './flag.ts';
import { readPythonFields } from './python-values.ts';
import { readScript, type ShellCommand } from './shell.ts';

/** One engine that a text starts. */
export interface Start {
  readonly engine: VersionedEngine;
  /** null where the text does not say. */
  readonly version: Version | null;
  /** Words after the program; of a log or an options file what they state, by the names that those have. */
  readonly words: readonly string[];
  readonly stated: Readonly<Record<string, unknown>>;
  /** Where what is stated comes from. */
  readonly from: 'command' | 'log' | 'file';
  /** Variables of the engine's that were set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly line: number;
}

export interface Found {
  readonly starts: readonly Start[];
  /** Files that the text itself writes. */
  readonly files: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  readonly open: number | null;
}

/** Every engine that a text starts; of a log the last start. */
export function findStarts(text: string): Found {
  const logged = findLogged(text);
  if (logged) return { starts: [logged], files: {}, unset: [], open: null };
  const options = findOptions(text);
  if (options) return { starts: [options], files: {}, unset: [], open: null };
  const { commands, files, unset, open } = readScript(text);
  return { starts: commands.flatMap(startsOf), files, unset, open };
}

const MODULES: Readonly<Record<string, VersionedEngine>> = {
  'vllm.entrypoints.openai.api_server': 'vllm',
  'vllm.entrypoints.api_server': 'vllm',
  'dynamo.vllm': 'vllm',
  'sglang.launch_server': 'sglang',
  'dynamo.sglang': 'sglang',
  'dynamo.trtllm': 'trtllm',
};
/** Images whose tag is the engine's version. */
const IMAGES: readonly (readonly [RegExp, VersionedEngine])[] = [
  [/(?:^|\/)vllm-openai(?:-\w+)?(?::(\S+))?$/, 'vllm'],
  [/(?:^|\/)sglang(?::(\S+))?$/, 'sglang'],
  [/(?:^|\/)tensorrt-llm\/release(?::(\S+))?$/, 'trtllm'],
];

function startsOf(command: ShellCommand): Start[] {
  const { words, environment, line } = command;
  const inner = words.findIndex((word, i) => /^-\w*c$/.test(word) && /(^|\/)(ba|z|da)?sh$/.test(words[i - 1] ?? ''));
  if (inner >= 0 && words[inner + 1] !== undefined) {
    const { commands } = readScript(words[inner + 1]!);
    const all = commands.map((one) => ({ ...one, environment: { ...environment, ...one.environment }, line }));
    return all.flatMap(startsOf);
  }
  const image = imageOf(words);
  const program = programOf(words);
  if (!program && image?.engine !== 'vllm') return [];
  const { engine, next } = program ?? { engine: 'vllm' as const, next: image!.next };
  const version = image?.engine === engine ? image.version : null;
  const passed = Object.fromEntries(image ? dockerVariables(words.slice(0, image.next)) : []);
  return [
    {
      engine,
      version,
      words: words.slice(next),
      stated: {},
      from: 'command',
      environment: { ...environment, ...passed },
      line,
    },
  ];
}

function programOf(words: readonly string[]): { engine: VersionedEngine; next: number } | null {
  for (let i = 0; i < words.length; i++) {
    const name = words[i]!.slice(words[i]!.lastIndexOf('/') + 1);
    if (name === 'vllm' && words[i + 1] === 'serve') return { engine: 'vllm', next: i + 2 };
    if (name === 'sglang' && words[i + 1] === 'serve') return { engine: 'sglang', next: i + 2 };
    if (name === 'trtllm-serve') return { engine: 'trtllm', next: words[i + 1] === 'serve' ? i + 2 : i + 1 };
    if (name === 'trtllm-build') return { engine: 'trtllm', next: i + 1 };
    const module = words[i] === '-m' ? words[i + 1] : undefined;
    if (module !== undefined && Object.hasOwn(MODULES, module)) return { engine: MODULES[module]!, next: i + 2 };
  }
  return null;
}

function imageOf(words: readonly string[]) {
  for (let i = 0; i < words.length; i++)
    for (const [pattern, engine] of IMAGES) {
      const found = words[i]!.startsWith('-') ? null : pattern.exec(words[i]!);
      if (found) return { engine, version: found[1] === undefined ? null : readVersion(found[1]), next: i + 1 };
    }
  return null;
}

/** `-e NAME=value` and `--env NAME=value`. */
function dockerVariables(words: readonly string[]): [string, string][] {
  return words.flatMap((word, i): [string, string][] => {
    const given = /^(-e|--env)$/.test(words[i - 1] ?? '') ? word : /^--env=(.*)$/.exec(word)?.[1];
    const at = given?.indexOf('=') ?? -1;
    return at > 0 ? [[given!.slice(0, at), given!.slice(at + 1)]] : [];
  });
}

const VLLM_ARGS = /non-default args: (?=\{)|\bargs: (?=Namespace\()/g;
const SGLANG_ARGS = /server_args=(?=ServerArgs\()/g;
const VLLM_VERSION = /vLLM API server version v?([\d.]+\w*)|LLM engine \(v([\d.]+\w*)\)/g;
const TRTLLM_VERSION = /TensorRT[- ]?LLM version: ?v?([\d.]+\w*)/gi;
/** What vLLM made of its arguments: "Initializing a V1 LLM engine (v0.11.0) with config: model='m', ..., max_seq_len=8192, ...". */
const VLLM_CONFIG = /Initializing an? (?:V1 )?LLM engine .*?with config: (.*)/g;
const VLLM_FACTS: readonly (readonly [RegExp, string])[] = [
  [/\bmodel='([^']+)'/, 'model'],
  [/\bmax_seq_len=(\d+)/, 'max_model_len'],
  [/\btensor_parallel_size=(\d+)/, 'tensor_parallel_size'],
  [/\bpipeline_parallel_size=(\d+)/, 'pipeline_parallel_size'],
  [/\bdata_parallel_size=(\d+)/, 'data_parallel_size'],
  [/\bquantization=([\w-]+)/, 'quantization'],
  [/\bdtype=torch\.(\w+)/, 'dtype'],
  [/\bkv_cache_dtype=(\w+)/, 'kv_cache_dtype'],
  [/\benable_prefix_caching=(True|False)/, 'enable_prefix_caching'],
  [/\bchunked_prefill_enabled=(True|False)/, 'enable_chunked_prefill'],
  [/\benforce_eager=(True)\b/, 'enforce_eager'],
];
const BUDGET = /Chunked prefill is enabled with max_num_batched_tokens=(\d+)/g;
const SGLANG_LIMITS =
  /max_total_num_tokens=\d+, chunked_prefill_size=(-?\d+), (?:max_prefill_tokens=(\d+), )?max_running_requests=(\d+), context_len=(\d+)/g;
const TRTLLM_LIMITS = /max_seq_len=(\d+), max_num_requests=\d+, max_num_tokens=(\d+), max_batch_size=(\d+)/g;
const TRTLLM_BLOCK = /Number of tokens per block: (\d+)/g;

/** What a start-up log states: the arguments that were given, and over them what the engine says it made of them. */
export function findLogged(text: string): Start | null {
  const last = (pattern: RegExp) => [...text.matchAll(pattern)].at(-1);
  const [vllm, sglang] = [last(VLLM_ARGS), last(SGLANG_ARGS)];
  const [config, limits, trtllm] = [last(VLLM_CONFIG), last(SGLANG_LIMITS), last(TRTLLM_LIMITS)];
  const lineOf = (at: number) => text.slice(0, at).split('\n').length;
  const start = (
    engine: VersionedEngine,
    at: number,
    stated: Record<string, unknown>,
    version: string | undefined,
  ): Start => ({
    ...{ engine, words: [], stated, from: 'log', environment: {}, line: lineOf(at) },
    version: version === undefined ? null : readVersion(version),
  });
  const fieldsAt = (found: RegExpMatchArray | undefined) =>
    (found && readPythonFields(text, found.index! + found[0].length)) ?? {};
  if (sglang || limits) {
    const [, , , running, length] = limits ?? [];
    const given: Readonly<Record<string, unknown>> = fieldsAt(sglang);
    // the last word is that of one attention group, the argument that of all
    const groups = given.enable_dp_attention === true ? Number(given.dp_size) : 1;
    const own = running ? { max_running_requests: Number(running) * groups, context_length: Number(length) } : {};
    return start('sglang', (sglang ?? limits)!.index!, { ...given, ...own }, undefined);
  }
  if (vllm || config) {
    const budget = last(BUDGET)?.[1];
    const facts = VLLM_FACTS.flatMap(([pattern, name]) => {
      const value = config ? pattern.exec(config[1]!)?.[1] : undefined;
      return value === undefined ? [] : [[name, value] as const];
    });
    const given = fieldsAt(vllm);
    const own = budget === undefined ? {} : { max_num_batched_tokens: Number(budget) };
    const found = last(VLLM_VERSION);
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const stated = { ...Object.fromEntries(facts), ...own, ...set };
    return start('vllm', (vllm ?? config)!.index!, stated, found?.[1] ?? found?.[2]);
  }
  const version = last(TRTLLM_VERSION)?.[1];
  if (!trtllm) return null;
  const [, max_seq_len, max_num_tokens, max_batch_size] = trtllm;
  const block = last(TRTLLM_BLOCK)?.[1];
  const own = block === undefined ? {} : { 'kv_cache_config.tokens_per_block': Number(block) };
  return start('trtllm', trtllm.index!, { max_seq_len, max_num_tokens, max_batch_size, ...own }, version);
}

/** A file of TensorRT-LLM's options: a map that has a key of its table, and nothing but such words. */
function findOptions(text: string): Start | null {
  if (!/^[a-z_]+:/m.test(text)) return null;
  let data: unknown;
  try {
    data = parse(text, { logLevel: 'error' });
  } catch {
    return null;
  }
  const index = flagIndex('trtllm');
  const isKey = (key: string) =>
    [...index.keys()].some((name) => name === plainName(key) || name.startsWith(`${plainName(key)}.`));
  if (!isRecord(data) || !Object.keys(data).some(isKey)) return null;
  return { engine: 'trtllm', version: null, words: [], stated: data, from: 'file', environment: {}, line: 1 };
}
