// Golden files: what users get, byte for byte. Run as a script (npm run golden) it rewrites them; nothing else ever does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'test/golden/files');
const [fleet, sweep] = ['test/golden/fleet.yaml', 'test/golden/sweep.yaml'];

/** By file: the command line, and what of it is kept: a file that it writes (OUT is a scratch folder), else what it prints. */
const GOLDEN = {
  'run.txt': { argv: ['run', fleet], columns: 120 },
  'run.html': { argv: ['run', fleet, '--html', 'OUT/run.html'], file: 'run.html' },
  'trace-head.json': { argv: ['run', fleet, '--trace', 'OUT/trace.json'], file: 'trace.json', lines: 60 },
  'sweep-80.txt': { argv: ['sweep', sweep, '--workers', '1'], columns: 80 },
  'sweep-120.txt': { argv: ['sweep', sweep, '--workers', '1'], columns: 120 },
  'sweep.html': { argv: ['sweep', sweep, '--workers', '1', '--out', 'OUT/sweep'], file: 'sweep/report.html' },
};

export const goldenNames = Object.keys(GOLDEN);
export const listGolden = () => readdirSync(FOLDER).sort();
export const readGolden = (name) => readFileSync(join(FOLDER, name), 'utf8');

/** Wall time is nobody's promise, and neither is the place of the checkout. */
const steady = (text) => text.replaceAll(ROOT, '').replace(/ in [\d.,]+ (?:ms|s|min)\b/g, ' in some time');

/** What the file must be today; needs dist/. */
export function makeGolden(name) {
  const { argv, file, lines, columns = 120 } = GOLDEN[name];
  const out = mkdtempSync(join(tmpdir(), 'mist-golden-'));
  const words = argv.map((word) => word.replace('OUT', out));
  const printed = execFileSync(process.execPath, ['dist/src/cli.js', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: String(columns), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const whole = file ? readFileSync(join(out, file), 'utf8') : printed;
  rmSync(out, { recursive: true });
  const kept = lines ? `${whole.split('\n').slice(0, lines).join('\n')}\n` : whole;
  return steady(kept);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of listGolden()) if (!goldenNames.includes(name)) rmSync(join(FOLDER, name));
  for (const name of goldenNames) writeFileSync(join(FOLDER, name), makeGolden(name));
}
