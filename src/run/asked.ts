// What finished work is of: the question, the build, and every file that has a say. Two that differ in one of them never mix.
import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Issue, UserError } from '../check/issue.ts';
import { statOf } from '../check/text-file.ts';
import { readVersion } from '../check/version.ts';
import type { Question } from '../spec/question.ts';
import type { Part } from './part.ts';

/** How a question is asked again on another day or machine. */
export interface Asking {
  readonly file: string;
  readonly seed: number | null;
  readonly catalogFolder: string | null;
  readonly prices: string | null;
  readonly exhaustive: boolean;
}

/** The first record of a file of finished work. */
export interface WorkHead {
  /** Of the records. */
  readonly format: number;
  readonly version: string;
  /** Digests: of MIST's own files (catalog, kernels, code), of the spec, of a catalog folder and of files that the spec or --prices name. */
  readonly build: string;
  readonly spec: string;
  readonly files: string;
  readonly text: string;
  readonly asking: Asking;
  /** null: all of it. */
  readonly part: Part | null;
}

const FORMAT = 1;

export function headOf(question: Question, asking: Asking, part: Part | null): WorkHead {
  const { text, data, file } = question;
  const digest = openDigest();
  const texts = textsIn(data);
  const places = new Set(texts.map((name) => resolve(dirname(file), name)));
  // models are looked for from the working folder
  for (const name of texts) if (name.includes('/')) places.add(resolve(name));
  for (const name of [asking.catalogFolder, asking.prices]) if (name !== null) places.add(resolve(name));
  for (const place of [...places].sort()) addPath(digest, place, place);
  return {
    format: FORMAT,
    version: readVersion(),
    build: buildDigest(),
    spec: openDigest().update(text).digest('hex').slice(0, 16),
    files: digest.digest('hex').slice(0, 16),
    text,
    asking,
    part,
  };
}

/** Everything in which `found` (of `path`) is other work than `wanted`; where it is cut into parts is not looked at. */
export function differences(path: string, wanted: WorkHead, found: unknown): Issue[] {
  const head = found as Partial<WorkHead> | undefined;
  const issues: Issue[] = [];
  const hold = (what: string, expected: unknown, received: unknown): void => {
    if (expected === received) return;
    issues.push({
      path,
      expected: `${what} ${String(expected)}`,
      received: received === undefined ? 'none' : String(received),
    });
  };
  hold('records of format', wanted.format, head?.format);
  hold('work of MIST', wanted.version, head?.version);
  hold('work of the build', wanted.build, head?.build);
  hold('work of the spec with digest', wanted.spec, head?.spec);
  hold('work of catalog folders, prices and traces with digest', wanted.files, head?.files);
  hold('work with --seed', wanted.asking.seed, head?.asking?.seed);
  hold('work with --prices', wanted.asking.prices, head?.asking?.prices);
  hold('work with --exhaustive', wanted.asking.exhaustive, head?.asking?.exhaustive);
  return issues;
}

export function refuseOther(path: string, wanted: WorkHead, found: unknown): void {
  const issues = differences(path, wanted, found);
  const own = JSON.stringify((found as Partial<WorkHead> | undefined)?.part ?? null);
  const part = JSON.stringify(wanted.part);
  if (own !== part && issues.length === 0) {
    const say = (one: string): string => (one === 'null' ? 'the whole question' : `shard ${one}`);
    issues.push({ path, expected: `work of ${say(part)}`, received: say(own) });
  }
  if (issues.length > 0) throw new UserError(issues);
}

const openDigest = (): Hash => createHash('sha256');

let build: string | undefined;

/** Of every file that MIST consists of: the same version may have been built from another state of the code. */
export function buildDigest(): string {
  if (build === undefined) {
    const digest = openDigest();
    const root = fileURLToPath(new URL('..', import.meta.url));
    addPath(digest, root, root);
    build = digest.digest('hex').slice(0, 16);
  }
  return build;
}

/** Files of a folder beyond this size (a model's weights beside its config.json) are told by their size. Bytes. */
const LARGE = 64 << 20;
const DEEPEST = 3;

/** A file, or every file of a folder, by its name below `root` and its content; nothing where nothing is. */
function addPath(digest: Hash, path: string, root: string, depth = 0): void {
  const found = statOf(path);
  if (found?.isDirectory() && depth < DEEPEST)
    for (const name of readdirSync(path).sort()) addPath(digest, join(path, name), root, depth + 1);
  if (!found?.isFile()) return;
  digest.update(`${relative(root, path)}\0${found.size}\0`);
  if (path === root || found.size < LARGE) digest.update(readFileSync(path));
}

/** Every text in a document: some of them name files. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 0 && value.length < 4096 && !value.includes('\0') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
