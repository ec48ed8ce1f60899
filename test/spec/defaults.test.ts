// A default is written once: in the engine profile, or in spec/defaults.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OWNER = 'src/spec/defaults.ts';

/** Lines of code, comments left out, with their file. */
const LINES = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const path = relative(ROOT, file).replaceAll('\\', '/');
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).map((line) => ({ path, line }));
  });

/** Where a line says what a key is when nobody says: `key ... ?? 20`, `key = 20`, `key, 20)`, `20 if left out`. */
function owners(key: string, literal: string): string[] {
  const value = literal.replace('.', '\\.');
  const falls = new RegExp(`\\b${key}\\b[^"<]*(\\?\\?|=|:|,)\\s*${value}(?![\\d.])`, 'i');
  const told = new RegExp(`\\b${key}\\b.*\\b${value}\\b.* if left out`, 'i');
  return [...new Set(LINES.filter(({ line }) => falls.test(line) || told.test(line)).map(({ path }) => path))];
}

/** Where limits are values of an axis, of a page's question or of a template. */
const AXES = ['src/explorer/page/spec-text.ts', 'src/commands/init-templates.ts'];
/** Where `top` is the margin of a picture, or rows of a table. */
const OTHER_TOPS = ['src/report/terminal.ts', 'src/report/fleet/html-curves.ts'];

test.each([
  ['top', '20', 'TOP'],
  ['settle', '1_000_000', 'SETTLE'],
  ['num_requests', '2000', 'NUM_REQUESTS'],
  ['hash_?block', '256', 'HASH_BLOCK'],
])('%s %s is said by spec/defaults.ts alone', (key, literal, name) => {
  expect(owners(key, literal).filter((path) => !OTHER_TOPS.includes(path))).toEqual([OWNER]);
  expect(LINES.filter(({ path, line }) => path === OWNER && line.includes(name)).length).toBe(1);
});

test.each([
  ['max_num_seqs', '256'],
  ['max_num_batched_tokens', '8192'],
  ['gpu_memory_utilization', '0.9'],
  ['block_size', '16'],
])('%s %s is said by engine profiles alone', (key, literal) => {
  expect(owners(key, literal).filter((path) => !AXES.includes(path))).toEqual([]);
});

test('the engine of a pool that names none is named once', () => {
  const named = LINES.filter(({ line }) => /'vllm-0\.11'/.test(line)).map(({ path }) => path);
  // which profile a version of an engine is replayed with is a table of its own
  expect(named.filter((path) => !/\/(choose-profile|engine-versions)\.ts$/.test(path))).toEqual([OWNER]);
});
