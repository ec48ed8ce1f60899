// Values that are set on a spec from outside (`--set engine.max_num_seqs=64`): written into its text, so that one reader reads all.
import { type Document, isAlias, isCollection, isSeq, parseDocument } from 'yaml';
import { type Issue, type Path, UserError } from '../check/issue.ts';
import { parseSpecDocument } from './document.ts';

/** One `--set`, as it was written. */
export interface SetValue {
  readonly words: string;
  readonly path: Path;
  /** YAML, which JSON is too. */
  readonly value: unknown;
}

/** Throws UserError with every `--set` that cannot be read. A later one of the same place decides. */
export function readSetValues(texts: readonly string[]): SetValue[] {
  const issues: Issue[] = [];
  const read = texts.flatMap((text) => readOne(text, issues) ?? []);
  if (issues.length > 0) throw new UserError(issues);
  return read;
}

function readOne(text: string, issues: Issue[]): SetValue | null {
  const [, words = '', value = ''] = /^([^=]*)=?([\s\S]*)$/.exec(text) ?? [];
  const path = readPath(words.trim());
  const refuse = (expected: string, received: string) => {
    issues.push({ path: '--set', expected, received, hint: '--set engine.max_num_seqs=64' });
    return null;
  };
  if (path === null || !text.includes('=')) return refuse('PATH=VALUE, the path of keys with dots between', text);
  if (value.trim() === '') return refuse(`a value after ${words}= (null leaves it out)`, 'nothing');
  const document = parseDocument(value, { prettyErrors: false, logLevel: 'error' });
  const [error] = [...document.errors, ...document.warnings];
  if (error) return refuse(`a value of ${words} in YAML`, `${value} (${error.message})`);
  return { words: words.trim(), path, value: document.toJS() as unknown };
}

/** "fleet.choices[0].count": dots between two digits belong to a name (slo.p99.9_ttft, prices.llama-3.1). null where it is no path. */
function readPath(words: string): Path | null {
  const steps = words.split(/(?<!\d)\.|\.(?!\d)/).flatMap((step) => {
    const [, key = '', places = ''] = /^([^[\]]*)((?:\[\d+\])*)$/.exec(step) ?? [];
    return [key, ...Array.from(places.matchAll(/\d+/g), ([digits]) => Number(digits))];
  });
  return steps.includes('') ? null : steps;
}

/** The text with the values in their places; text that is no document stays as it is, for its reader to tell. */
export function setValues(text: string, values: readonly SetValue[]): string {
  if (values.length === 0) return text;
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) return text;
  const issues: Issue[] = [];
  for (const one of values) {
    const block = blockOf(document, one.path);
    if (block) issues.push({ path: `--set ${one.words}`, expected: 'a path through maps and lists', received: block });
    else document.setIn(one.path, document.createNode(one.value));
  }
  if (issues.length > 0) throw new UserError(issues);
  return document.toString({ lineWidth: 0 });
}

/** What on the way to a path is neither a map nor a list, or a list that has no such place; null where nothing is. */
function blockOf(document: Document, path: Path): string | null {
  for (let depth = 0; depth < path.length; depth++) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    const place = formatSteps(path.slice(0, depth)) || 'the spec';
    if (node === undefined || node === null) return null;
    if (isAlias(node)) return `${place}, which is an alias: set its anchor`;
    if (!isCollection(node)) return `${place}, which is ${String(node)}`;
    if (isSeq(node) && !(Number(path[depth]) <= node.items.length))
      return `${place}, which is a list of ${node.items.length}: say which, ${formatSteps([...path.slice(0, depth), 0])}`;
  }
  return null;
}

const formatSteps = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');

/** What is wrong with a value that was set is told by its flag, anything else by the line of the text as it was before. */
export function blameSetValues(issue: Issue, values: readonly SetValue[], text: string | undefined): Issue {
  const own = values.findLast(({ words }) => isWithin(issue.path, words));
  if (own) {
    const { file: _, line: __, ...rest } = issue;
    return { ...rest, path: issue.path === own.words ? `--set ${own.words}` : `--set ${own.words}: ${issue.path}` };
  }
  if (text === undefined || issue.line === undefined || values.length === 0) return issue;
  const path = readPath(issue.path);
  return path === null ? issue : { ...issue, line: parseSpecDocument(text, issue.file ?? '').lineOf(path) };
}

const isWithin = (path: string, words: string): boolean =>
  path === words || path.startsWith(`${words}.`) || path.startsWith(`${words}[`);
