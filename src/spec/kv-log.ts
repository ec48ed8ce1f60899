// Puts the KV capacity of a start-up log into a configuration, and refuses a log of another deployment.
import { show, UserError } from '../check/issue.ts';
import { fileWords } from '../check/text-file.ts';
import { type EngineLog, isNoLog, LOGGED_OPTIONS, parseEngineLog } from './engine-log.ts';
import { findLogged } from './launch/find-start.ts';
import { readStart, type StartWorld } from './launch/read-start.ts';
import type { Configuration } from './types.ts';

/** What is wrong with a log, in the words of a fault. */
export interface LogFault {
  readonly expected: string;
  readonly received: string;
}

/** What `num_gpu_blocks: {log: FILE}` needs of the surroundings. */
export interface LogFiles {
  locate(path: string): string;
  /** The text of a file; throws where it cannot be read. Absent where there is no file system. */
  readText?(path: string): string;
}

/** The text of a log, or why it cannot be read. */
export function readLogText(name: string, { locate, readText }: LogFiles): string | LogFault {
  try {
    if (!readText) throw new Error('there is no file system here');
    return readText(locate(name));
  } catch (error) {
    const reason = error instanceof UserError ? error.issues[0]!.received : fileWords(error);
    return { expected: 'a readable start-up log', received: `${show(name)}: ${reason}` };
  }
}

/** The log, or what is wrong with it. Its split is the one that the engine's own way of counting comes to (launch/). */
export function readLog(name: string, files: LogFiles, world: StartWorld): EngineLog | LogFault {
  const text = readLogText(name, files);
  if (typeof text !== 'string') return text;
  const log = parseEngineLog(text, name);
  if (isNoLog(log)) {
    const place = log.line === undefined ? name : `${name}:${log.line}`;
    return { expected: log.expected, received: `${place}: ${log.received}` };
  }
  const start = findLogged(text);
  if (start === null) return log;
  const { keys } = readStart(start, world);
  const counted = SPLIT.flatMap((key) => {
    const stated = log.options[key];
    const value = Number(keys[key] ?? 1);
    return stated || value > 1 ? [[key, { value, line: stated?.line ?? start.line }] as const] : [];
  });
  return { ...log, options: { ...log.options, ...Object.fromEntries(counted) } };
}
const SPLIT = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'] as const;

export function isLogFault(log: EngineLog | Configuration | LogFault): log is LogFault {
  return 'received' in log;
}

/**
 * The configuration with the log's KV blocks, or what does not go together. A log speaks of one engine: with attention data
 * parallel, of one rank, as `num_gpu_blocks` does.
 */
export function applyLog(configuration: Configuration, log: EngineLog): Configuration | LogFault {
  for (const option of LOGGED_OPTIONS) {
    const stated = log.options[option];
    if (option === 'block_size' || !stated || stated.value === configuration[option]) continue;
    const expected = `a log of this deployment, whose ${option} is ${configuration[option]}`;
    return { expected, received: `${option} ${stated.value} in ${log.file}:${stated.line}` };
  }
  const { block_size: size } = configuration;
  const blocks = log.blocks ?? Math.floor((log.tokens ?? 0) / size);
  if (blocks > 0) return { ...configuration, num_gpu_blocks: blocks, kv_log: log };
  return { expected: `room for a block of ${size} tokens`, received: `${log.file}:${log.line}: ${log.quote}` };
}
