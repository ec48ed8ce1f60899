// Writes what of the documentation is generated: the references of specs and of the library, and with --start the README's answer and picture.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryReference } from './library-reference.mjs';
import { specReference } from './spec-reference.mjs';
import { readSpecSchema } from './spec-schema.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MARKS = /(<!-- answer [^>]*-->\n```\n)[\s\S]*?(```\n<!-- \/answer -->)/;

/** The page that docs/spec-reference.md must be. */
export function makeReference(schema) {
  return specReference(schema);
}

/** The page that docs/library-reference.md must be. */
export function makeLibrary() {
  return libraryReference(join(ROOT, 'dist'));
}

/** What stands between the question's traffic and the table: the answer in sentences. */
export function answerOf(output) {
  const paragraphs = output.split('\n\n');
  const counted = /^([\d,]+ configurations) in/m.exec(output)?.[1] ?? '';
  const simulated = /^\s*([\d,]+)\s+simulated request by request$/m.exec(output)?.[1] ?? '';
  return `${paragraphs[2].trim().replaceAll(ROOT, '')}\n\n${counted}, ${simulated} of them simulated request by request.\n`;
}

/** Without hover texts and needless digits, for a page that only shows it. */
export const slimPicture = (svg) =>
  svg.replace(/<title>[^<]*<.title>| data-row=.\d+./g, '').replace(/(\d\.\d)\d+/g, '$1');

/** Asks what `npm start` asks. */
function writeStart() {
  const folder = mkdtempSync(join(tmpdir(), 'mist-docs-'));
  const cli = join(ROOT, 'dist/src/cli.js');
  const output = execFileSync(process.execPath, [cli, 'sweep', '--out', folder], { encoding: 'utf8' });
  writeFileSync(join(ROOT, 'docs/pareto.svg'), slimPicture(readFileSync(join(folder, 'pareto.svg'), 'utf8')));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  if (!MARKS.test(readme)) throw new Error('README.md has no place for the answer');
  writeFileSync(
    join(ROOT, 'README.md'),
    readme.replace(MARKS, (_, before, after) => `${before}${answerOf(output)}${after}`),
  );
  rmSync(folder, { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(ROOT, 'docs/spec-reference.md'), makeReference(await readSpecSchema()));
  writeFileSync(join(ROOT, 'docs/library-reference.md'), makeLibrary());
  if (process.argv.includes('--start')) writeStart();
}
