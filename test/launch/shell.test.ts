// Words of pasted commands, split as a POSIX shell splits them; the twin is the shell of this machine.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScript } from '../../src/spec/launch/shell.ts';

const wordsOf = (text: string) => readScript(text).commands.map(({ words }) => words);

describe('a script', () => {
  it('has quotes, escapes, continued lines and comments', () => {
    expect(wordsOf(`a 'b c' "d 'e' \\"f\\"" g\\ h # i\n`)).toEqual([['a', 'b c', `d 'e' "f"`, 'g h']]);
    expect(wordsOf('vllm serve m \\\n  --a=1 \\\r\n  --b')).toEqual([['vllm', 'serve', 'm', '--a=1', '--b']]);
    expect(wordsOf("f '{\"k\": [1, 2]}' --x=''")).toEqual([['f', '{"k": [1, 2]}', '--x=']]);
  });

  it('has several commands, without their redirections', () => {
    expect(wordsOf('a 1 && b > x 2>&1 | c >>y; d < z & e')).toEqual([['a', '1'], ['b'], ['c'], ['d'], ['e']]);
  });

  it('has variables: of the text, of one command alone, with a value otherwise', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    const { commands, unset } = readScript('export A=x B="y z"\nC=1 run $A ${B} "${D:-d}" $E\nC=2\nrun $C');
    expect(commands.map(({ words }) => words)).toEqual([
      ['run', 'x', 'y z', 'd', ''],
      ['run', '2'],
    ]);
    expect(commands[0]!.environment).toEqual({ A: 'x', B: 'y z', C: '1' });
    expect(unset).toEqual(['E']);
  });

  it('writes files, and keeps the numbers of its lines', () => {
    const { files, commands } = readScript("cat > o.yaml <<'EOF'\na: 1\nb: $X\nEOF\nrun o.yaml");
    expect(files).toEqual({ 'o.yaml': 'a: 1\nb: $X\n' });
    expect(commands.map(({ words, line }) => [words[0], line])).toEqual([
      ['cat', 1],
      ['run', 5],
    ]);
  });

  it.each([
    ["a 'b", 1],
    ['a\nb "c\nd', 2],
  ])('has a quote that never closes: %j', (text, line) => {
    expect(readScript(text).open).toBe(line);
  });

  const piece = fc.oneof(
    fc.stringMatching(/^[\w=:,./@%+-]{1,6}$/),
    fc.string({ maxLength: 6 }).map((text) => `'${text.replace(/['\0\r\n]/g, '')}'`),
    fc.string({ maxLength: 6 }).map((text) => `"${text.replace(/["\0\r\n$`\\!]/g, '')}"`),
    fc.constantFrom('\\ ', '\\"', "\\'", '\\#', '\\\\', '\\$'),
  );
  const word = fc.array(piece, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
  const line = fc.array(word, { minLength: 1, maxLength: 6 });

  it('is split as the shell of this machine splits it', () => {
    const lines = fc.sample(line, { numRuns: 300, seed: 7 }).map((words) => words.join(' '));
    const asked = lines.map((text) => `printf '%s\\0' x ${text}; printf '\\1'`).join('\n');
    const { stdout, status } = spawnSync('sh', ['-c', asked], { encoding: 'utf8' });
    expect(status).toBe(0);
    const theirs = stdout
      .split('\u0001')
      .slice(0, -1)
      .map((row) => row.split('\0').slice(1, -1));
    expect(lines.map((text) => wordsOf(`x ${text}`)[0]!.slice(1))).toEqual(theirs);
  });
});
