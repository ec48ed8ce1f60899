// The house rule against circles: files import each other in one direction, within a room as between rooms.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * What each file imports when it runs. Imports of types alone are left out: they are gone when the code runs, and two types that
 * describe each other are no order of reading. In assembly every import is one of code.
 */
function readGraph(folder: string): Graph {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
  return new Map(files.map((path) => [path, importsOf(path, readFileSync(join(ROOT, path), 'utf8'))]));
}

function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?([^;]*?)\s*from\s+'(\.[^']+)';/gm);
  return Array.from(found)
    .filter(([, type, names]) => type === undefined && !onlyTypes(names!))
    .map(([, , , target]) => relative(ROOT, resolve(ROOT, dirname(path), target!)).replace(/(\.ts)?$/, '.ts'));
}

function onlyTypes(names: string): boolean {
  const listed = /^\{([\s\S]*)\}$/.exec(names)?.[1];
  return listed?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false;
}

/** Sets of files that all reach each other, by Tarjan's depth-first search; single files are no circle. */
function findCircles(graph: Graph): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** Where files of one room import each other back and forth, in terms of its folders. */
function folderGraph(graph: Graph): Graph {
  const folders = new Map<string, string[]>();
  for (const [file, targets] of graph) {
    const own = dirname(file);
    const others = targets.map((target) => dirname(target)).filter((folder) => folder !== own);
    folders.set(own, [...(folders.get(own) ?? []), ...others]);
  }
  return folders;
}

describe('no circles', () => {
  test('are missed: two files, three, and one that only looks like it', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['a', 'c']],
      ['c', ['d']],
      ['d', ['e']],
      ['e', ['c', 'f']],
      ['f', []],
    ]);
    expect(findCircles(graph)).toEqual([
      ['c', 'd', 'e'],
      ['a', 'b'],
    ]);
    expect(importsOf('src/x/y.ts', "import { type A, type B } from './z.ts';\nimport { c } from '../w.ts';\n")).toEqual(
      ['src/w.ts'],
    );
  });

  test.each(['assembly', 'src'])('among the files of %s', (folder) => {
    expect(findCircles(readGraph(folder))).toEqual([]);
  });

  test('among the folders of assembly', () => {
    expect(findCircles(folderGraph(readGraph('assembly')))).toEqual([]);
  });
});
