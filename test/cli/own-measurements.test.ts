// The commands of docs/calibration.md on measurements, run as they stand there, against the shipped examples.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { calibrate } from '../../src/commands/calibrate.ts';
import { run } from '../../src/commands/run.ts';
import { step } from '../../src/commands/step.ts';
import { withoutProgress } from './spawn.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VERBS = { calibrate, run, step };
const folder = mkdtempSync(join(tmpdir(), 'mist-own-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lines of the section's shell blocks that call mist, continuation lines joined and comments taken off. */
function listCommands(): string[] {
  const page = readFileSync(join(ROOT, 'docs/calibration.md'), 'utf8');
  const section = page.slice(page.indexOf('## Bring your own measurements'));
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!);
  return blocks.flatMap((block) =>
    block
      .replace(/ +#.*$/gm, '')
      .replace(/\\\n */g, '')
      .split('\n')
      .filter((line) => line.startsWith('mist ')),
  );
}

const commands = listCommands();

describe('the page on own measurements', () => {
  it('has commands for every kind of file in examples/measurements', () => {
    const text = commands.join('\n');
    const kinds = readdirSync(join(ROOT, 'examples/measurements')).filter(
      (name) => !/README|vllm-log\.txt|-16\.json/.test(name),
    );
    for (const name of kinds) expect(text).toContain(`examples/measurements/${name}`);
  });

  it.each(commands)('%s', async (line) => {
    const words = line.split(/ +/).slice(1);
    const verb = words[0] as keyof typeof VERBS;
    const argv = words
      .slice(1)
      .map((word) => (word === 'my-catalog' ? join(folder, word) : word))
      .map((word) => (word.startsWith('examples/') ? join(ROOT, word) : word));
    const said = { out: '', err: '' };
    const code = await VERBS[verb](argv, {
      stdout: (text) => {
        said.out += text;
      },
      stderr: (text) => {
        said.err += text;
      },
    });
    expect(withoutProgress(said.err).replace(/^.*(left out|used instead).*\n/gm, '')).toBe('');
    expect(code).toBe(0);
    if (verb === 'calibrate') expect(said.out).toMatch(/written/);
    if (verb === 'run') expect(said.out).toMatch(/from vLLM's start-up log, vllm-log\.txt:5/);
    if (words.includes('--step-source')) expect(said.out).toMatch(/by the regression on step traces llama-3\.1-8b/);
    if (words.includes('--profile')) expect(said.out).toMatch(/kernels {2}1\.[23]\d? times as long/);
  });

  it('leave a catalog with a file of each kind', () => {
    for (const name of [
      'engines/mine.json',
      'steps/llama-3.1-8b.h100-sxm-80gb.tp1.vllm-0.11.json',
      'efficiency/l4.json',
    ])
      expect(existsSync(join(folder, 'my-catalog', name))).toBe(true);
  });
});
