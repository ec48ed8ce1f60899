// Golden files: what users get, byte for byte. Run as a script (npm run golden) it rewrites them; nothing else ever does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'test/golden/files');
const [fleet, busy, sweep] = ['fleet', 'busy', 'sweep'].map((name) => `test/golden/${name}.yaml`);

/** The command lines; OUT is a scratch folder. */
const RUN = { argv: ['run', fleet, '--html', 'OUT/run.html', '--trace', 'OUT/trace.json'], columns: 120 };
const SWEEP = { argv: ['sweep', sweep, '--workers', '1', '--out', 'OUT/sweep'], columns: 120 };
const BUSY = { argv: ['run', busy, '--html', 'OUT/busy.html'], columns: 100 };
const MOST = { argv: ['size', fleet, '--max-load'], columns: 100 };
const NARROW = { argv: ['sweep', sweep, '--workers', '1'], columns: 80 };

/** By file: where it comes from, and what of it is kept: a file that is written, else what is printed. */
const GOLDEN = {
  'run.txt': { from: RUN },
  'run.html': { from: RUN, file: 'run.html' },
  'trace-head.json': { from: RUN, file: 'trace.json', lines: 60 },
  'busy.txt': { from: BUSY },
  'busy.html': { from: BUSY, file: 'busy.html' },
  'max-load.txt': { from: MOST },
  'sweep-80.txt': { from: NARROW },
  'sweep-120.txt': { from: SWEEP },
  'sweep.html': { from: SWEEP, file: 'sweep/report.html' },
};

export const goldenNames = Object.keys(GOLDEN);
export const listGolden = () => readdirSync(FOLDER).sort();
export const readGolden = (name) => readFileSync(join(FOLDER, name), 'utf8');

/** Wall time is nobody's promise, and neither is the place of the checkout. */
const steady = (text) =>
  text
    .replaceAll(ROOT, '')
    .replace(/ in [\d.,]+ (?:ms|s|min)\b/g, ' in some time')
    .replace(/<dt>Time<\/dt><dd>.*?<\/dd>/, '<dt>Time</dt><dd>some</dd>');

const answers = new Map();

/** The built command line in a process of its own. */
const start = (argv, columns) =>
  execFileSync(process.execPath, ['dist/src/cli.js', ...argv], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: String(columns), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** What a command line prints and writes, asked once. */
async function answerOf({ argv, columns }, ask) {
  const key = JSON.stringify([argv, columns]);
  if (!answers.has(key)) {
    const out = mkdtempSync(join(tmpdir(), 'mist-golden-'));
    const words = argv.map((word) => word.replace('OUT', out));
    const printed = await ask(words, columns);
    const written = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = written.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(out.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')];
    });
    answers.set(key, { printed, files: new Map(files) });
    rmSync(out, { recursive: true });
  }
  return answers.get(key);
}

/** What the file must be today; `ask` gives what a command line prints in so many columns. */
export async function makeGolden(name, ask) {
  const { from, file, lines } = GOLDEN[name];
  const { printed, files } = await answerOf(from, ask);
  const whole = file ? files.get(file) : printed;
  return steady(lines ? `${whole.split('\n').slice(0, lines).join('\n')}\n` : whole);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of listGolden()) if (!goldenNames.includes(name)) rmSync(join(FOLDER, name));
  for (const name of goldenNames) writeFileSync(join(FOLDER, name), await makeGolden(name, start));
}
