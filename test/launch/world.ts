// A world in which commands are read: two models, blocks of the real profiles, and files by name.
import { openCatalog } from '../../src/catalog/open.ts';
import { findStarts } from '../../src/spec/launch/find-start.ts';
import { type ReadStart, readStart, type StartWorld } from '../../src/spec/launch/read-start.ts';

export const CATALOG = openCatalog();

export function worldOf(files: Readonly<Record<string, string>> = {}): StartWorld {
  return {
    readText(name) {
      if (!Object.hasOwn(files, name)) throw new Error('no such file');
      return files[name]!;
    },
    blockSize: (profile) => CATALOG.engine(profile).block_size,
    model: (name) => ({
      experts: /moe|deepseek/i.test(name),
      native: /deepseek/i.test(name) ? 'fp8-block' : 'bf16',
    }),
  };
}

/** What the only start of a text comes to. */
export function readOne(text: string, files: Readonly<Record<string, string>> = {}, profile?: string): ReadStart {
  const found = findStarts(text);
  if (found.starts.length !== 1) throw new Error(`${found.starts.length} starts`);
  return readStart(found.starts[0]!, worldOf({ ...found.files, ...files }), profile);
}

export const lostOf = ({ lost }: ReadStart): string[] => lost.map(({ flag }) => flag.split(' ')[0]!);
