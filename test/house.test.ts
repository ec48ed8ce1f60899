// The house rules that a machine can check: which room may import which, names and lengths of files, and the layout.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LAYOUT_VERSION } from '../assembly/layout/version.ts';
import layouts from './house.layout.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** In walking order: a room imports only itself and rooms before it. */
const ROOMS = [
  'host',
  'check',
  'catalog',
  'stages',
  'spec',
  'columns',
  'kernels',
  'workload',
  'plan',
  'metrics',
  'run',
  'report',
  'validate',
  'calibrate',
  'observe',
  'study',
  'commands',
  'explorer',
];
/** What of assembly/ is TypeScript too. */
const SHARED = ['assembly/layout', 'assembly/random'];
/** Writers of files, and the thread that Node starts: no browser has them. */
const NODE_ALONE = [
  'src/check/folder-lock.ts',
  'src/check/whole-file.ts',
  'src/report/write.ts',
  'src/run/asked.ts',
  'src/run/queue-coordinator.ts',
  'src/run/queue-presence.ts',
  'src/run/queue-worker.ts',
  'src/run/shards.ts',
  'src/run/work-file.ts',
  'src/run/work-folder.ts',
  'src/run/worker.ts',
];
const BANNED = /(^|-)(utils?|helpers?|managers?|handlers?|base|common|misc)(-|$)/;
const MOST_LINES = 350;
/** Lists of mistakes are long. */
const MOST_TEST_LINES = 400;
const MOST_FUNCTION_LINES = 60;
const MEDIAN_LINES = 120;

interface Source {
  readonly path: string;
  readonly text: string;
}

function listSources(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(tsx?|mjs)$/.test(entry.name) && entry.name !== 'binary.ts')
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .sort()
      .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  );
}

/** Paths (from the root) that a file imports, types and dynamic imports included; packages are left out. */
function listImports({ path, text }: Source): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
  return Array.from(found, (match) => relative(ROOT, resolve(ROOT, dirname(path), match[1]!)));
}

const roomOf = (path: string): string => path.split('/')[1]!;
const PARTS = ['src', 'assembly', 'bench', 'scripts', 'tools', 'test'];
const code = listSources(...PARTS);
const src = code.filter(({ path }) => path.startsWith('src/'));
const assembly = code.filter(({ path }) => path.startsWith('assembly/') && !path.startsWith('assembly/layout/'));

describe('rooms', () => {
  test('every folder of src is a room in the walking order, and every room exists', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...ROOMS].sort());
  });

  test('a room imports only rooms above it', () => {
    const wrong: string[] = [];
    for (const source of src.filter(({ path }) => path.split('/').length > 2)) {
      const own = ROOMS.indexOf(roomOf(source.path));
      for (const target of listImports(source).filter((path) => path.startsWith('src/'))) {
        const other = ROOMS.indexOf(roomOf(target));
        if (other < 0 || other > own) wrong.push(`${source.path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('src takes from assembly only what is TypeScript too, and from nowhere else', () => {
    const outside = src.flatMap((source) => listImports(source).map((target) => ({ path: source.path, target })));
    const wrong = outside.filter(({ target }) => !target.startsWith('src/') && !SHARED.includes(dirname(target)));
    expect(wrong).toEqual([]);
  });

  test('the rooms that browsers have too reach their machine through the host alone', () => {
    const forBrowsers = ROOMS.slice(ROOMS.indexOf('host') + 1, ROOMS.indexOf('validate'));
    const found = src.filter(
      ({ path, text }) => forBrowsers.includes(roomOf(path)) && /from 'node:|\bBuffer\.|\bprocess\.\w+\(/.test(text),
    );
    expect(found.map(({ path }) => path)).toEqual(NODE_ALONE);
    const explorer = src.filter(({ path }) => path.startsWith('src/explorer/')).flatMap(listImports);
    expect(
      explorer.filter((target) => NODE_ALONE.includes(target) || /^src\/(commands|calibrate|validate)\//.test(target)),
    ).toEqual([]);
  });

  test('tools are the end of the order: they take from src, and nothing that is shipped takes from them', () => {
    const shipped = code.filter(({ path }) => /^(src|assembly)\//.test(path));
    const takes = shipped.flatMap((source) => listImports(source).map((target) => `${source.path} imports ${target}`));
    expect(takes.filter((line) => / imports tools\//.test(line))).toEqual([]);
    const tools = code.filter(({ path }) => path.startsWith('tools/')).flatMap(listImports);
    expect(tools.filter((target) => !/^(src|tools|dist)\//.test(target))).toEqual([]);
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
    expect(files).not.toContain('tools');
  });

  test('kernels import only kernels', () => {
    const wrong = assembly.flatMap((source) => listImports(source).filter((path) => !path.startsWith('assembly/')));
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  test('have names in kebab case without words that say nothing', () => {
    const wrong = code
      .map(({ path }) => path)
      .filter((path) => {
        const stem = basename(path).replace(/(\.(test|bench|d))?\.(tsx?|mjs)$/, '');
        return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) || BANNED.test(stem);
      });
    expect(wrong).toEqual([]);
  });

  test('open with a sentence that says what they are for', () => {
    const wrong = code.filter(({ text }) => !/^(#!.*\n)?\/\/ \S.{14,}/.test(text)).map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  test(`are short: ${MOST_LINES} lines at most, ${MEDIAN_LINES} in the median of each part`, () => {
    const lines = code.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }));
    const most = (path: string) =>
      path.startsWith('test/') && path.endsWith('.test.ts') ? MOST_TEST_LINES : MOST_LINES;
    expect(lines.filter(({ path, count }) => count > most(path))).toEqual([]);
    for (const part of PARTS) {
      const counts = lines.filter(({ path }) => path.startsWith(`${part}/`)).map(({ count }) => count);
      const median = counts.sort((a, b) => a - b)[counts.length >> 1]!;
      expect(median, part).toBeLessThanOrEqual(MEDIAN_LINES);
    }
  });
});

/** Declared functions by their place in a formatted file: from the head to the brace at the head's own indentation. */
function functionLengths(text: string): { name: string; count: number }[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    const [, indent, name] = /^( *)(?:export )?(?:async )?function\*? (\w+)/.exec(line) ?? [];
    const end = name === undefined ? -1 : lines.indexOf(`${indent}}`, i);
    return end < 0 ? [] : [{ name: name!, count: end - i + 1 }];
  });
}

describe('functions', () => {
  test(`are short: ${MOST_FUNCTION_LINES} lines at most, in what ships, its twins, its reference and its tools`, () => {
    const counted = code.filter(({ path }) => /^(src|assembly|tools|bench\/twins|test\/reference)\//.test(path));
    const all = counted.flatMap(({ path, text }) => functionLengths(text).map((one) => ({ path, ...one })));
    expect(all.length).toBeGreaterThan(1000);
    expect(all.filter(({ count }) => count > MOST_FUNCTION_LINES)).toEqual([]);
  });
});

describe('stages', () => {
  const FOLDER = 'src/stages/built-in/';
  const LIST = 'src/stages/list.ts';
  const own = src.filter(({ path }) => path.startsWith(FOLDER));
  const stems = own.map(({ path }) => basename(path, '.ts'));

  test('are one file each, called as specs call them, and a line in the list: nobody else imports them', () => {
    for (const { path, text } of own) expect(text, path).toContain(`type: '${basename(path, '.ts')}'`);
    const importers = src.flatMap((source) =>
      listImports(source).flatMap((target) => (target.startsWith(FOLDER) ? [`${source.path} ${target}`] : [])),
    );
    expect(importers.sort()).toEqual(own.map(({ path }) => `${LIST} ${path}`).sort());
  });

  /** Halves of an engine's work and of a fleet's engines, a field of refusals, a column of AIConfigurator's: words for more than the stage. */
  const SHARED_WORDS = ['prefill', 'decode', 'reason', 'parallel'];

  test('are known by name to their own room alone: what a stage needs, reads and lays out stands in its file', () => {
    const others = src.filter(({ path }) => !path.startsWith('src/stages/'));
    const wrong = others.flatMap(({ path, text }) =>
      stems.flatMap((stem) => {
        const asked = SHARED_WORDS.includes(stem) ? `(\\bcase |\\btype [!=]== )'${stem}'` : `'${stem}'`;
        return new RegExp(asked).test(text) ? [`${path} knows ${stem}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

/** Constants of the layout by file, LAYOUT_VERSION itself left out. */
async function readLayout(): Promise<Map<string, [string, unknown][]>> {
  const files = readdirSync(join(ROOT, 'assembly/layout'))
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const constants = new Map<string, [string, unknown][]>();
  for (const name of files.filter((file) => file !== 'version.ts')) {
    const module: Record<string, unknown> = await import(pathToFileURL(join(ROOT, 'assembly/layout', name)).href);
    constants.set(
      name,
      Object.entries(module)
        .filter(([, value]) => typeof value !== 'function')
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  return constants;
}

/** Files of the layout that are a closed list of words each. */
const LISTS = ['admission', 'batching', 'load', 'norms', 'packing', 'routing', 'scaling', 'scores'];
/** What only one side knows, and why. */
const NOT_IN_KERNEL = ['STATE_UNFINISHED', 'STATE_UNSENT']; // src/run marks what a stopped run left undone, and what was never sent

/** Whether code (not an import) mentions a name. */
function mentions(sources: readonly Source[], name: string): boolean {
  const word = new RegExp(`\\b${name}\\b`);
  return sources.some(({ text }) => word.test(text.replace(/^import[^;]*;/gm, '').replace(/\/\/.*$/gm, '')));
}

describe('layout', () => {
  test('every id of a choice has a case in the kernels and a name in TypeScript', async () => {
    const layout = await readLayout();
    const screened = layout.get('screen.ts')!.filter(([name]) => name.startsWith('SCREENED_'));
    const ids = [...layout.get('enums.ts')!, ...layout.get('collectives.ts')!, ...screened].map(([name]) => name);
    const families = new Set(ids.map((name) => name.split('_')[0]));
    for (const family of ['PRICE', 'STATE', 'STOP']) expect(families).toContain(family);
    // closed lists name their ids themselves (src/check/closed-list.ts)
    const listed = LISTS.flatMap((name) => layout.get(`${name}.ts`)!).map(([name]) => name);
    expect([...ids, ...listed].filter((name) => !mentions(assembly, name))).toEqual(NOT_IN_KERNEL);
    expect(ids.filter((name) => !mentions(src, name))).toEqual([]);
  });

  test('ids of one choice are distinct', async () => {
    for (const constants of [(await readLayout()).get('enums.ts')!, (await readLayout()).get('collectives.ts')!]) {
      const taken = constants.map(([name, value]) => `${name.split('_')[0]} ${value}`);
      expect(taken.filter((one, i) => taken.indexOf(one) !== i)).toEqual([]);
    }
  });

  // client.ts goes on where replica.ts ends: two rooms that add a cell each must not take the same one
  test('cells of a client record are distinct', async () => {
    const layout = await readLayout();
    const names = [...layout]
      .filter(([file]) => /(client|replica)\.ts$/.test(file))
      .flatMap(([, constants]) => constants);
    const cells = names.filter(
      ([name]) => /^(REP|CLIENT)_/.test(name) && !/^CLIENT_(FIRST|PARAMETERS|CELLS)$/.test(name),
    );
    const taken = cells.map(([, value]) => value);
    expect(cells.filter(([, value], i) => taken.indexOf(value) !== i)).toEqual([]);
  });

  // Never change a line of house.layout.json: raise LAYOUT_VERSION and add one. An old binary is then refused by name.
  test('changes only together with LAYOUT_VERSION', async () => {
    const lines = [...(await readLayout())].flatMap(([file, constants]) =>
      constants.map(([name, value]) => `${file} ${name} ${JSON.stringify(value)}`),
    );
    const digest = createHash('sha256').update(lines.join('\n')).digest('hex');
    const recorded = (layouts as Record<string, string>)[String(LAYOUT_VERSION)];
    const next = recorded === undefined ? LAYOUT_VERSION : LAYOUT_VERSION + 1;
    const advice = `the layout changed: LAYOUT_VERSION must be ${next}, and house.layout.json needs "${next}": "${digest}"`;
    expect(digest, advice).toBe(recorded);
    expect(Math.max(...Object.keys(layouts).map(Number))).toBe(LAYOUT_VERSION);
  });
});
