// The house rule of closed lists: each is one table, so that whoever adds a word meets it in few files and the compiler names those.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readList, tellList } from '../src/check/closed-list.ts';
import { ADMISSION, BATCHING, LOAD, NORM, PACKING, ROUTING, SCALING, TERM } from '../src/check/scheduler-lists.ts';
import { ROUTING_WORDS } from '../src/spec/fleet/words.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Files that a new word has to be written into, and how many they may be; a kernel file is any one that its rule needs. */
const TOUCHED = {
  batching: [
    'assembly/layout/batching.ts',
    'assembly/batching/NEW.ts',
    'assembly/engine/form.ts',
    'test/reference/fleet/form.ts',
  ],
  routing: ['assembly/layout/routing.ts', 'assembly/routing/choose.ts', 'test/reference/fleet/route.ts'],
};
/** Words that are nothing else; `load`, `prompt` or `input` are ordinary ones, too. */
const WORDS = [...BATCHING.names, ...PACKING.names, ...ROUTING.names, 'full-length'].filter((word) => word !== 'load');
/** Who may decide by a word, and why. */
const MAY_DECIDE: Readonly<Record<string, string>> = {
  'src/spec/launch/': 'which flag of an engine means it, both ways; a word without one becomes a note',
  'src/spec/words.ts': 'the two routings that a screened pool may have',
  'src/spec/shape.ts': 'which pools can be screened; any other is simulated',
  'src/run/fleet.ts': 'what leaps in closed form are proven for; any other leaps exactly',
  'src/plan/pipeline/columns.ts': 'the name of a column, priority, that is a word of packing too',
  'src/spec/fleet/formulas.ts': 'the key of a pipeline, priority',
  'src/calibrate/validate/': 'what measured cases call it',
  'src/validate/': 'the same',
  'test/fleet/random.ts': 'what cores are chosen by',
  'test/reference/fleet/admit.ts': 'the reference',
  'test/reference/fleet/form.ts': 'the reference: a rule per word, and the compiler misses one that is not there',
  'test/reference/fleet/queue.ts': 'the reference',
  'test/reference/fleet/route.ts': 'the reference',
};

function listSources(...folders: string[]): { path: string; text: string }[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/(\.test\.ts|binary\.ts)$/.test(entry.name))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  );
}

/** Quoted words of a source beside a plain value (`batching: 'chunked'`, `?? 'fcfs'`): comparisons, cases, keys and lists. */
function decisionsIn(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
  const values = code.replace(/(\b\w+: |\?\? )'[a-z-]+'( as const)?/g, '');
  return WORDS.filter((word) => values.includes(`'${word}'`) || values.includes(`\`${word}\``));
}

describe('a closed list', () => {
  test('is decided by nowhere but in its table, its kernel and the reference', () => {
    const found = listSources('src', 'test/reference', 'test/fleet', 'test/engine', 'test/pipeline')
      .map(({ path, text }) => ({ path, words: decisionsIn(text) }))
      .filter(
        ({ path, words }) => words.length > 0 && !Object.keys(MAY_DECIDE).some((start) => path.startsWith(start)),
      );
    expect(found).toEqual([]);
  });

  test('takes four files for a batching policy, three for a routing policy', () => {
    expect(TOUCHED.batching.length).toBeLessThanOrEqual(4);
    expect(TOUCHED.routing.length).toBeLessThanOrEqual(3);
    const last = { batching: /\bBATCHING_MIXED\b/, routing: /\bROUTING_PREFIX_AFFINITY\b/ };
    const kernels = listSources('assembly', 'src');
    for (const list of ['batching', 'routing'] as const) {
      const written = kernels.filter(({ text }) => last[list].test(text)).map(({ path }) => path);
      expect(written.filter((path) => !TOUCHED[list].includes(path))).toEqual([]);
    }
  });

  test('has ids from 0, and words for each', () => {
    const layout = { X_A_B: 0, X_C: 1, tell: () => '' };
    const words = ['one', 'two'];
    const list = readList(layout, 'X', (id) => words[id]!);
    expect(list).toEqual({ names: ['a-b', 'c'], id: { 'a-b': 0, c: 1 }, words: { 'a-b': 'one', c: 'two' } });
    expect(tellList(list)).toBe('a-b: one; c: two');
    expect(() => readList({ X_A: 1 }, 'X', () => 'one')).toThrow('count from 0');
    expect(() => readList({ X_A: 0 }, 'X', () => '')).toThrow('no words');
    for (const { names, words: told } of [ADMISSION, BATCHING, LOAD, NORM, PACKING, ROUTING, SCALING, TERM]) {
      expect(names.map((name) => told[name as never]).filter((text) => (text as string).length < 8)).toEqual([]);
    }
  });

  test('of routing names fourteen ways in a spec', () => {
    expect(Object.keys(ROUTING_WORDS)).toEqual([
      'round-robin',
      'least-loaded',
      ...['input', 'output', 'kv', 'left'].map((metric) => `load-${metric}`),
      ...['input', 'output', 'kv', 'left'].map((metric) => `heavy-light-${metric}`),
      'prefix-affinity',
      'nearest',
      'scored',
      'adapter-affinity',
    ]);
  });
});
