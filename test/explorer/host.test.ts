// The two hosts are one to those who use them: the same names, and files that are read, listed and missed alike.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { FIRST, readLink, writeLink } from '../../src/explorer/page/asked.ts';
import * as browser from '../../src/host/browser.ts';
import * as node from '../../src/host/host.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-host-'));
afterAll(() => rmSync(folder, { recursive: true }));
const FILES: readonly (readonly [string, string])[] = [
  ['a/one.json', '{"ü": 1}\n'],
  ['a/b/two.txt', ''],
  ['three.csv', 'x,y\n1,2\n'],
];
for (const [name, text] of FILES) {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  browser.putFile(join(folder, name), text);
}

type Read = Pick<typeof browser, 'existsSync' | 'realpathSync' | 'join' | 'dirname' | 'basename' | 'resolve'> & {
  readdirSync(path: string): string[];
  readFileSync(path: string): Uint8Array;
  statSync(
    path: string,
    options?: { throwIfNoEntry?: boolean },
  ): { isFile(): boolean; isDirectory(): boolean; size: unknown } | undefined;
};

/** What one host says of everything in the folder, mistakes included. */
function ask(host: Read): unknown[] {
  const say = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  return ['.', 'a', 'a/b', 'a/one.json', 'a/b/two.txt', 'three.csv', 'a/none', 'none/x'].flatMap((name) => {
    const path = host.join(folder, name);
    const found = host.statSync(path, { throwIfNoEntry: false });
    return [
      host.existsSync(path),
      [found?.isFile(), found?.isDirectory()],
      String(say(() => host.readdirSync(path).sort())).replace('ENOTDIR', 'ENOENT'),
      found?.isDirectory() ? '' : say(() => Array.from(host.readFileSync(path))),
      [host.basename(path), host.dirname(path), host.resolve(path, '../z')],
    ];
  });
}

describe('the host of browsers', () => {
  test('has every name that the rooms take from the host of Node', () => {
    const names = Object.keys(node).sort();
    expect(
      Object.keys(browser)
        .filter((name) => names.includes(name))
        .sort(),
    ).toEqual(names);
  });

  test('answers like a file system', () => {
    expect(ask(browser as unknown as Read)).toEqual(ask(node as unknown as Read));
  });

  test('lets go of what is taken away', () => {
    browser.putFile('/gone.txt', 'x');
    browser.dropFile('/gone.txt');
    expect([browser.existsSync('/gone.txt'), browser.readdirSync('/').includes('gone.txt')]).toEqual([false, false]);
  });

  test('hashes, unpacks and decodes to the same bytes', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256);
    expect(Array.from(browser.sha256(bytes))).toEqual(Array.from(node.sha256(bytes)));
    expect(Array.from(browser.gunzipSync(gzipSync(bytes)))).toEqual(Array.from(bytes));
    const text = Buffer.from(bytes).toString('base64');
    expect(Array.from(browser.fromBase64(text))).toEqual(Array.from(node.fromBase64(text)));
  });

  test('gives others their turn, in order', async () => {
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((i) => browser.turn().then(() => order.push(i))));
    expect(order).toEqual([1, 2, 3]);
  });
});

describe('a link', () => {
  test('is the question: what is written is read again', () => {
    const asked = {
      ...FIRST,
      model: 'qwen3-8b',
      hardware: ['l4'],
      rate: 0.3,
      config: '{"hidden_size": 1, "ü": "&#"}',
      beside: 7,
    };
    expect(readLink(writeLink(asked))).toEqual({ asked });
    expect(writeLink(FIRST)).toBe('#v=1');
    expect(readLink('')).toEqual({ asked: FIRST });
  });

  test.each(['#v=2', '#rate=3', '#v=1&x=1', '#v=1&rate=', '#v=1&config=!!'])('%s is told to be none', (hash) => {
    expect(readLink(hash)).toHaveProperty('mistake');
  });
});
