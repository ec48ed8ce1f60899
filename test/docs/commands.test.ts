// Every command of the pages for users works as it stands there, with the files that they show; of the examples with a part of their
// requests, in one thread: how long an answer takes is not what is asked here, nor how well it is known.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mist, openScratch, ROOT } from '../cli/spawn.ts';
import { commandsOf, filesOf } from './pages.ts';

const scratch = openScratch();

/** With a tenth of its requests, and an hour of a day. */
const shorten = (text: string): string =>
  text
    .replace(/(num_requests: )(\d+)/, (_, key, count) => `${key}${Math.ceil(count / 10)}`)
    .replace('duration: 24h', 'duration: 1h');

const examples = join(scratch, 'examples');
cpSync(join(ROOT, 'examples'), examples, { recursive: true });
for (const name of readdirSync(examples).filter((name) => name.endsWith('.yaml'))) {
  writeFileSync(join(examples, name), shorten(readFileSync(join(examples, name), 'utf8')));
}

/** Files of the page, and those that commands write, lie in the scratch folder, beside the examples. */
function place(word: string, files: ReadonlyMap<string, string>): string {
  const [, format, file] = /^([\w-]+=)(.*)$/.exec(word) ?? []; // --export vllm=result.json
  if (format !== undefined) return format + place(file, files);
  const folders = new Set([...files.keys()].map((name) => name.split('/')[0]));
  const ours =
    word.startsWith('examples/') ||
    files.has(word) ||
    folders.has(word) ||
    /^(results(\/[\w-]+)?|my-catalog|[\w-]+\.(csv|jsonl|json|html|txt))$/.test(word);
  return ours ? join(scratch, word) : word;
}

const PAGES = ['start', 'questions', 'commands', 'terminal', 'tools', 'long-runs'];

describe.each(PAGES.map((page) => `docs/${page}.md`))('%s', (page) => {
  const files = filesOf(page);
  for (const [name, text] of files) {
    mkdirSync(dirname(join(scratch, name)), { recursive: true });
    writeFileSync(join(scratch, name), shorten(text));
  }
  const commands = commandsOf(page);

  test('has commands', () => {
    expect(commands.length).toBeGreaterThan(1);
  });

  test.each(commands)('%s', async (line) => {
    // as a shell reads them: quotes only ever stand around words without spaces
    const words = line.replaceAll("'", '').split(/ +/).slice(1);
    if (words[0] === 'size' && words[1] === '--model') words.push('--requests', '100');
    const { code, stdout, stderr } = await mist(
      words.map((word, i) => (words[i - 1] === '--workers' ? '1' : place(word, files))),
    );
    expect(stderr).not.toMatch(/expected .*received/);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(50);
    expect(stdout).not.toMatch(/NaN|undefined|\b0 of [\d,]+ (?:are feasible|keep)/);
  });
});
