// The pages of the documentation, and what in them a machine can check: links, commands, specs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
].filter((path) => path.endsWith('.md'));

export const readPage = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Fenced blocks in a language. */
export function blocksOf(path: string, language: string): string[] {
  return [...readPage(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (found) => found[1],
  );
}

/** The lines of shell blocks that call mist, continuation lines joined and comments taken off; words split at spaces. */
export function commandsOf(path: string): string[] {
  return blocksOf(path, 'sh').flatMap((block) =>
    block
      .replace(/ +#.*$/gm, '')
      .replace(/\\\n */g, '')
      .split('\n')
      .filter((line) => line.startsWith('mist ')),
  );
}

/** Files that a page asks to be saved: blocks that begin with a comment of their name. */
export function filesOf(path: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const block of [...blocksOf(path, 'yaml'), ...blocksOf(path, 'json'), ...blocksOf(path, 'csv')]) {
    const name = /^(?:#|\/\/) ([\w./-]+\.(?:yaml|json|csv))\n/.exec(block);
    if (name) files.set(name[1], block.startsWith('//') ? block.slice(block.indexOf('\n') + 1) : block);
  }
  return files;
}

/** The examples of the library; each ends with what it prints. */
export const LIBRARY = readdirSync(join(ROOT, 'examples/library')).sort();

/** A module that runs others one after the other, in one process, and says as JSON what each printed. */
export const libraryRunner = (files: readonly string[]): string => `
import { format } from 'node:util';
const said = [];
for (const file of ${JSON.stringify(files)}) {
  const lines = [];
  console.log = (...words) => void lines.push(format(...words));
  await import(file);
  said.push(lines.join('\\n'));
}
process.stdout.write(JSON.stringify(said));
`;
