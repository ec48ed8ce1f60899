// mist init: asks three questions, or takes flags, and writes a spec to start from. It never overwrites a file.
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { STANDARD_INPUT, statOf } from '../check/text-file.ts';
import { writeWhole } from '../check/whole-file.ts';
import { fitText } from '../report/width.ts';
import { openSpec } from '../run/open-spec.ts';
import { type Flags, numberFlag, type Output, verb } from './flags.ts';
import { type Asked, TEMPLATE_NAMES, TEMPLATES, type Template, type TemplateName } from './init-templates.ts';

const FLAGS = {
  '--model': String,
  '--load': String,
  '--hardware': String,
  '--out': String,
  '--catalog': String,
} as const;

const LIST = TEMPLATE_NAMES.map((name) => `  ${name.padEnd(17)}  ${TEMPLATES[name].words}`).join('\n');

const HELP = `mist init [TEMPLATE] [--model ID] [--load N] [--hardware LIST] [--out FILE]

  Writes a spec to start from. On a terminal it asks what is not said: what for, which model, how much load. Templates:

${LIST}

  --model ID         a model of the catalog, a Hugging Face name, or the path of a config.json
  --load N           requests per second (offline: requests in all)
  --hardware LIST    devices of the catalog, with commas between
  --out FILE         where to write; TEMPLATE.yaml if left out, - is standard output. A file that is there stays as it is
  --catalog FOLDER   a catalog folder of your own, first
`;

/** Asks one question; null when nobody answers any more. */
export type Ask = (question: string) => Promise<string | null>;

/** Exit codes: 0 written, 130 given up. A user's mistakes are thrown as a UserError (exit code 2). */
export const init = verb('init', FLAGS, HELP, async (flags, out) => {
  const catalog = openCatalog({ folder: flags['--catalog'] });
  const given = readFlags(flags);
  const asks = given.name === undefined || given.model === undefined || given.load === undefined;
  if (!asks || !isatty(STANDARD_INPUT)) return writeSpec(settle(given), catalog, flags, out);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<null>((resolve) => {
    terminal.once('close', () => resolve(null));
    terminal.once('SIGINT', () => terminal.close());
  });
  try {
    const answers = await askAll(given, catalog, (question) => Promise.race([terminal.question(question), ended]), out);
    return answers === null ? GIVEN_UP : writeSpec(answers, catalog, flags, out);
  } finally {
    terminal.close();
  }
});

/** As shells count Ctrl-C. */
const GIVEN_UP = 130;

interface Given {
  readonly name?: TemplateName;
  readonly model?: string;
  readonly load?: number;
  readonly hardware?: string;
}
type Answers = Given & Required<Pick<Given, 'name'>>;

function readFlags(flags: Flags<typeof FLAGS>): Given {
  const issues: Issue[] = [];
  const [word, ...more] = flags._;
  const name = word === undefined ? undefined : templateOf(word);
  if (word !== undefined && name === null) {
    const hint = didYouMean(word, TEMPLATE_NAMES, 1);
    issues.push({ path: 'mist init', expected: `one of ${TEMPLATE_NAMES.join(', ')}`, received: word, hint });
  }
  if (more.length > 0) issues.push({ path: 'mist init', expected: 'one template', received: flags._.join(' ') });
  if (issues.length > 0) throw new UserError(issues);
  const load = numberFlag('--load', flags['--load']);
  return { name: name ?? undefined, model: flags['--model'], load, hardware: flags['--hardware'] };
}

const templateOf = (word: string): TemplateName | null => TEMPLATE_NAMES.find((name) => name === word) ?? null;

/** Without a terminal a template must be named; everything else has something usual. */
function settle(given: Given): Answers {
  const { name } = given;
  if (name !== undefined) return { ...given, name };
  const hint = 'mist init --help says what each is for';
  throw new UserError([
    { path: 'mist init', expected: `one of ${TEMPLATE_NAMES.join(', ')}`, received: 'nothing', hint },
  ]);
}

/** The three questions, each until its answer can be used; null when nobody answers any more. */
export async function askAll(given: Given, catalog: Catalog, ask: Ask, out: Output): Promise<Answers | null> {
  if (given.name === undefined) {
    const list = TEMPLATE_NAMES.map((name, i) => `  ${i + 1}  ${name.padEnd(12)}  ${TEMPLATES[name].words}`);
    out.stderr(fitText(`${['What is it about?', ...list].join('\n')}\n`));
  }
  const name =
    given.name ??
    (await askFor<TemplateName>(ask, out, 'A number or a name [1]: ', (text) => {
      const at = text === '' ? 1 : Number(text);
      const found = TEMPLATE_NAMES[at - 1] ?? templateOf(text);
      return (
        found ?? { expected: `1 to ${TEMPLATE_NAMES.length}, or a name`, hint: didYouMean(text, TEMPLATE_NAMES, 1) }
      );
    }));
  if (name === null) return null;
  const { usual, unit }: Template = TEMPLATES[name];
  const model =
    given.model ??
    (await askFor(ask, out, `Which model? [${usual.model}]: `, (text) => modelOf(text || usual.model, catalog)));
  if (model === null) return null;
  const load =
    given.load ??
    (await askFor<number>(ask, out, `How much load, ${unit}? [${usual.load}]: `, (text) => {
      const value = Number(text || usual.load);
      return value > 0 && Number.isFinite(value) ? value : { expected: `${unit}, a number above 0` };
    }));
  return load === null ? null : { ...given, name, model, load };
}

interface Refusal {
  readonly expected: string;
  readonly hint?: string;
}

async function askFor<T extends string | number>(
  ask: Ask,
  out: Output,
  question: string,
  read: (text: string) => T | Refusal,
): Promise<T | null> {
  while (true) {
    const text = (await ask(question))?.trim();
    if (text === undefined) return null;
    const answer = read(text);
    if (typeof answer !== 'object') return answer;
    const hint = answer.hint ? ` (${answer.hint})` : '';
    out.stderr(`expected ${answer.expected}, received ${text}${hint}\n`);
  }
}

function modelOf(text: string, catalog: Catalog): string | Refusal {
  try {
    catalog.model(text);
    return text;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { expected, hint } = error.issues[0]!;
    return hint === undefined ? { expected } : { expected, hint };
  }
}

/** Where a template's places come from, for mistakes in them. */
const FLAG_OF = { model: '--model', hardware: '--hardware', request_rate: '--load', num_requests: '--load' } as const;

function writeSpec({ name, ...given }: Answers, catalog: Catalog, flags: Flags<typeof FLAGS>, out: Output): number {
  const { usual, verb: answers, write }: Template = TEMPLATES[name];
  const asked: Asked = {
    model: given.model ?? usual.model,
    load: given.load ?? usual.load,
    hardware: given.hardware ?? usual.hardware,
  };
  const file = flags['--out'] ?? `${name}.yaml`;
  const toStdout = file === '-';
  if (!toStdout && statOf(file) !== null) {
    const expected = 'a file that is not there yet';
    throw new UserError([
      { path: '--out', expected, received: `${file}, which is there`, hint: '--out FILE names another' },
    ]);
  }
  const text = write(asked);
  checkSpec(text, file, catalog);
  if (toStdout) out.stdout(text);
  else {
    writeWhole(file, text, '--out');
    out.stdout(`${file}\n`);
    out.stderr(`Wrote ${file}. Look at it, change it, then: mist ${answers} ${file}\n`);
  }
  return 0;
}

/** Mistakes in what was filled in are told by its flag. */
function checkSpec(text: string, file: string, catalog: Catalog): void {
  try {
    openSpec(text, file, catalog);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const told = error.issues.map(({ file: _, line: __, ...issue }) => {
      const key = Object.keys(FLAG_OF).find((one) =>
        new RegExp(`\\b${one}\\b`).test(issue.path),
      ) as keyof typeof FLAG_OF;
      return { ...issue, path: key ? FLAG_OF[key] : issue.path };
    });
    const once = told.filter(
      (one, i) => told.findIndex((other) => other.path === one.path && other.received === one.received) === i,
    );
    throw new UserError(once);
  }
}
