// Writes the library's door as a page, from the declarations that the compiler leaves beside the code: every call with what it takes and gives
// back, and every field of what that is, in the words of the source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What calls give back, in the order of the page: the file that declares it, under dist/src. */
const TYPES = [
  ['door.d.ts', 'Asking', 'What every call takes beside the spec.'],
  ['check/issue.d.ts', 'Issue', 'One mistake; a `UserError` has all of them under `issues`.'],
  ['metrics/types.d.ts', 'Summary', 'How a latency is spread.'],
  ['metrics/fleet/types.d.ts', 'FleetResult', '`result` of `mist.run`.'],
  ['metrics/fleet/copies.d.ts', 'CopyFigures', 'What engines copied, and adapters and tenants of `FleetResult`.'],
  ['metrics/fleet/types.d.ts', 'FleetLatencies', '`latencies` of `mist.run`: by request.'],
  ['metrics/fleet/trust.d.ts', 'FleetTrust', '`trust` of `mist.run`: what its figures rest on.'],
  ['metrics/sweep.d.ts', 'SweepResult', 'What `mist.sweep` gives.'],
  ['metrics/sweep.d.ts', 'KeptRow', 'One of its rows.'],
  ['run/size.d.ts', 'Sized', 'What `mist.size` gives.'],
  ['study/run-study.d.ts', 'StudyResult', 'What `mist.study` gives.'],
  ['study/judge.d.ts', 'JudgedClaim', 'One of its claims.'],
  ['study/judge.d.ts', 'JudgedScenario', 'The claim in one scenario.'],
  ['study/figures.d.ts', 'StudiedRow', 'One of its rows.'],
  ['plan/step-work.d.ts', 'StepWork', 'What `mist.step` is asked.'],
  ['plan/explain-step.d.ts', 'StepExplained', 'What it gives.'],
  ['spec/question.d.ts', 'Question', 'What `mist.question` gives.'],
  ['catalog/open.d.ts', 'Catalog', 'What `mist.catalog` gives.'],
];

/** `dist`: the folder of the build. */
export function libraryReference(dist) {
  const read = (file) => readFileSync(join(dist, 'src', file), 'utf8').replaceAll('\r\n', '\n');
  const calls = callsOf(read('door.d.ts')).map(
    ({ name, takes, gives, words }) =>
      `### mist.${name}\n\n${words}\n\n\`\`\`ts\nmist.${name}(${takes}): ${gives}\n\`\`\`\n`,
  );
  const types = TYPES.map(([file, name, words]) => {
    const found = typeOf(read(file), name);
    if (!found) throw new Error(`dist/src/${file} declares no ${name}`);
    const own = found.words ? `${words} ${found.words}` : words;
    const base = found.base ? `\n\nAnd all of \`${found.base}\`.` : '';
    const rows = found.fields.map(({ field, type, words: said }) => `| \`${field}\` | ${code(type)} | ${cell(said)} |`);
    return `### ${name}\n\n${own}${base}\n\n| field | type | |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [
    '# The library, call by call',
    '',
    'Written from the declarations of the code by `npm run docs`; [how it is used](library.md) is a page of its own. Times are seconds where a name',
    'does not end in `_ms`; figures that do not exist are NaN.',
    '',
    '## Calls',
    '',
    ...calls,
    '## What they take and give',
    '',
    ...types,
  ].join('\n');
}

/** `export declare function` with the comment before each. */
function callsOf(text) {
  const found = text.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export declare function (\w+)\(/g);
  return [...found].map((match) => {
    const from = match.index + match[0].length;
    const takes = text.slice(from, closing(text, from));
    const rest = text.slice(from + takes.length + 3);
    return { name: match[2], takes: tidy(takes), gives: tidy(rest.slice(0, ending(rest))), words: tidyWords(match[1]) };
  });
}

/** Members of an interface, or of an object type under a name. */
function typeOf(text, name) {
  const match = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?export interface ${name}(?: extends (.+?))? \\{\\n`,
  ).exec(text);
  if (!match) return null;
  const body = text.slice(match.index + match[0].length);
  const inside = body.slice(0, body.search(/^\}/m));
  const fields = [...inside.matchAll(/(?: {4}\/\*\*([\s\S]*?)\*\/\n)? {4}(?:readonly )?(\w+\??)(\(|: )/g)].filter(
    ({ index }) => index === 0 || inside[index - 1] === '\n',
  );
  return {
    words: tidyWords(match[1]),
    base: match[2],
    fields: fields.map((field) => {
      const from = field.index + field[0].length - (field[3] === '(' ? 1 : 0);
      const rest = inside.slice(from);
      return { field: field[2], type: tidy(rest.slice(0, ending(rest))), words: tidyWords(field[1]) };
    }),
  };
}

/** Where the bracket that is open at `from` closes. */
function closing(text, from) {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if ('([{'.includes(text[at])) depth++;
    else if (')]}'.includes(text[at]) && --depth === 0) return at;
  }
  throw new Error('a bracket that does not close');
}

/** Where a declaration ends: its first semicolon outside of brackets. */
function ending(text) {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === ';') return at;
    if ('([{'.includes(text[at])) at = closing(text, at + 1);
  }
  return text.length;
}

const tidy = (text) =>
  text
    .replace(/\/\*\*[\s\S]*?\*\/\s*/g, '')
    .replace(/import\("[^"]+"\)\./g, '')
    .replace(/\breadonly /g, '')
    .replace(/\s+/g, ' ')
    .replaceAll('; }', ' }')
    .trim();
const tidyWords = (text) =>
  (text ?? '')
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
