// Files that are no text are said to be what they are; files that are written appear whole or not at all; no output is an input.
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { asMemoryError } from '../../src/check/memory.ts';
import { asPlainJson, parsePythonJson } from '../../src/check/python-json.ts';
import { refuseOverwrites } from '../../src/check/same-file.ts';
import { readTextFile, tryReadText } from '../../src/check/text-file.ts';
import { openWhole, writeTogether, writeWhole } from '../../src/check/whole-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const put = (name: string, bytes: string | Uint8Array) => {
  writeFileSync(at(name), bytes);
  return at(name);
};

describe('reading', () => {
  const bad: [string, string | Uint8Array, RegExp][] = [
    ['zip', new Uint8Array([0x50, 0x4b, 3, 4, 9]), /zip archive/],
    ['zstd', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 9]), /zstd/],
    ['parquet', 'PAR1....PAR1', /Parquet/],
    ['utf-16', new Uint8Array([0xff, 0xfe, 65, 0]), /UTF-16/],
    ['a NUL byte', 'a\nb\0c', /NUL byte/],
    ['latin-1', Buffer.from('a\ncaf\xe9\n', 'latin1'), /not UTF-8/],
    ['broken gzip', gzipSync('text').subarray(0, 12), /gzip file that is broken/],
  ];
  test.each(bad)('%s is said to be that', (name, bytes, words) => {
    expect(tryReadText(put(name, bytes))).toMatchObject({ received: expect.stringMatching(words) });
  });

  test('bytes that are no text come with their line', () => {
    expect(tryReadText(put('line', Buffer.from('one\ntwo\nth\xefee', 'latin1')))).toMatchObject({ line: 3 });
    expect(tryReadText(put('nul', 'one\n\0'))).toMatchObject({ line: 2 });
  });

  test('gzip is unpacked, and a byte order mark is no text', () => {
    expect(readTextFile(put('g.gz', gzipSync('packed')), { path: 'p', expected: 'e' })).toBe('packed');
    expect(readTextFile(put('bom', '\ufeffmarked'), { path: 'p', expected: 'e' })).toBe('marked');
  });

  test('what is not there, or no file, is said in words', () => {
    put('plain', 'x');
    symlinkSync(at('loop-b'), at('loop-a'));
    symlinkSync(at('loop-a'), at('loop-b'));
    const words = (path: string) => (tryReadText(path) as { received: string }).received;
    expect(words(at('loop-a'))).toBe('a circle of symbolic links');
    expect(words(at('nothing'))).toBe('no such file');
    expect(words(join(at('plain'), 'below'))).toBe('a path through something that is not a folder');
    expect(words(folder)).toBe('a folder');
    if (existsSync('/dev/zero')) expect(words('/dev/zero')).toBe('a device, not a file');
    expect(() => readTextFile(at('nothing'), { path: 'spec', expected: 'a spec' })).toThrow(
      /nothing: spec: expected a spec, received no such file/,
    );
  });
});

describe("Python's JSON", () => {
  test('has Infinity and NaN outside of texts', () => {
    const text = '{"a": [0.0, Infinity], "b": -Infinity, "c": NaN, "d": "Infinity and \\"NaN"}';
    expect(parsePythonJson(text)).toEqual({
      a: [0, Number.POSITIVE_INFINITY],
      b: Number.NEGATIVE_INFINITY,
      c: null,
      d: 'Infinity and "NaN',
    });
    expect(asPlainJson(text)).toHaveLength(text.length);
    expect(() => parsePythonJson('{"a": Infinity, }')).toThrow(SyntaxError);
  });
});

describe('writing', () => {
  test('a file is there when it is whole, and not before', () => {
    const file = openWhole(at('late.csv'), '--out');
    file.write('half');
    expect(existsSync(at('late.csv'))).toBe(false);
    file.write(' and half');
    file.keep();
    expect(readFileSync(at('late.csv'), 'utf8')).toBe('half and half');
  });

  test('what is dropped leaves what was there, and no draft', () => {
    put('kept.csv', 'old');
    const file = openWhole(at('kept.csv'), '--out');
    file.write('new');
    file.drop();
    expect(readFileSync(at('kept.csv'), 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.startsWith('kept.csv'))).toEqual(['kept.csv']);
  });

  test('through a link the file is replaced, not the link', () => {
    put('target', 'old');
    symlinkSync(at('target'), at('link'));
    writeWhole(at('link'), 'new', '--out');
    expect(readFileSync(at('target'), 'utf8')).toBe('new');
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  });

  test('several files appear together or not at all', () => {
    mkdirSync(at('d/b'), { recursive: true });
    const files = [
      { path: at('d/a'), content: 'a' },
      { path: at('d/b'), content: 'b' },
    ];
    expect(() => writeTogether(files, '--out')).toThrow(
      /--out: expected a file that can be written, received a folder/,
    );
    expect(readdirSync(at('d'))).toEqual(['b']);
  });

  test.skipIf(!existsSync('/dev/full'))('no room is a mistake with the flag and the file', () => {
    expect(() => writeWhole('/dev/full', 'x', '--steps')).toThrow(/\/dev\/full: --steps: .*no space left/);
  });

  test('only these modules open files', () => {
    const src = fileURLToPath(new URL('../../src', import.meta.url));
    const doors = [
      ...['text-file.ts', 'whole-file.ts', 'version.ts', 'folder-lock.ts'].map((name) => join('check', name)),
      // what files are under Node and in a browser, and what a sweep that goes on has appended to, here or through a queue
      ...[join('host', 'host.ts'), join('host', 'browser.ts'), join('run', 'work-file.ts'), join('run', 'asked.ts')],
      ...[join('run', 'queue-coordinator.ts'), join('run', 'queue-worker.ts')],
    ];
    const names = readdirSync(src, { recursive: true }) as string[];
    const wrong = names
      .filter((name) => name.endsWith('.ts') && !name.endsWith('binary.ts') && !doors.includes(name))
      .filter((name) =>
        /\b(readFileSync|writeFileSync|appendFileSync|createReadStream|createWriteStream|openSync|copyFileSync|(read|write)File\()/.test(
          readFileSync(join(src, name), 'utf8'),
        ),
      );
    expect(wrong).toEqual([]);
  });
});

describe('an output', () => {
  const refusal = (...files: string[]) => {
    try {
      refuseOverwrites(files.map((file, i) => ({ flag: `--out-${i}`, file })));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('is no file that was read, whatever it is called', () => {
    const input = put('input.csv', 'x');
    readTextFile(input, { path: 'p', expected: 'e' });
    symlinkSync(input, at('soft'));
    linkSync(input, at('hard'));
    for (const name of ['input.csv', './input.csv', `../${folder.split('/').at(-1)}/input.csv`, 'soft', 'hard']) {
      expect(refusal(`${folder}/${name}`)).toMatch(/--out-0: expected a file that is no input of this run/);
    }
    expect(refusal(at('other.csv'))).toBe('');
  });

  test('may be given the number of an input that is gone', () => {
    for (let i = 0; i < 20; i++) {
      readTextFile(put('gone.csv', 'x'), { path: 'p', expected: 'e' });
      rmSync(at('gone.csv'));
      expect(refusal(put(`fresh-${i}.csv`, 'y'))).toBe('');
    }
  });

  test('is no file of another output, there or not', () => {
    expect(refusal(at('new.csv'), `${folder}/./new.csv`)).toMatch(/--out-1: .*which --out-0 writes too/);
    expect(refusal('/dev/null', '/dev/null')).toBe('');
  });
});

test('words of engines for no memory are told from mistakes of ours', () => {
  expect(asMemoryError(new RangeError('Array buffer allocation failed'))).not.toBeNull();
  expect(asMemoryError(new RangeError('Invalid array length'))).not.toBeNull();
  expect(asMemoryError(new RangeError('row 7 is not in the sweep'))).toBeNull();
  expect(asMemoryError(new TypeError('x is undefined'))).toBeNull();
});
