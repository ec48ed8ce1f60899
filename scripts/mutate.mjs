// Breaks a room on purpose, by the hundred, and lists what its tests did not notice: npm run mutate -- ROOM [--sample N [--seed N]] [FILE...] [TEST...]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawPlaces } from './mutate-sample.mjs';
import { testsOf } from './test-rooms.mjs';

/** Files of rooms that are no folder of src/ yet. */
const SOURCES = {
  search: ['bound*', 'candidates', 'equivalent', 'front', 'keep', 'legal', 'prove', 'settle*', 'tails', 'verify'].map(
    (file) => `src/run/${file}.ts`,
  ),
};
/** Tests that no mutant is tried on: those that start processes or threads run what was built, which is not mutated. What takes
 * seconds by itself is left out too, single tests by their names (scripts/vitest-mutate-setup.mjs). */
const LEFT_OUT = ['cli/', 'hosts/', 'docs/', 'pipeline/real-trace', 'search/front'];
/** At most this share of a room's mutants may survive. */
const MOST_SURVIVORS = 0.15;
/** What is no fault: another wording, an option of a regular expression that nobody gives. */
const LEFT_ALONE = ['StringLiteral'];

/** Folders of any depth, and anything in a name. */
const matchesGlob = (path, pattern) =>
  new RegExp(
    `^${pattern
      .replaceAll('.', '\\.')
      .replaceAll('**/', '(.+/)?')
      .replace(/(?<!\))\*/g, '[^/]*')}$`,
  ).test(path);
const listSources = () =>
  readdirSync('src', { recursive: true }).map((path) => `src/${String(path).replaceAll('\\', '/')}`);

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { values: flags, positionals } = parseArgs({
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [name, ...words] = positionals;
const isTest = (word) => word.startsWith('test/');
const files = words.filter((word) => !isTest(word));
const tests = words.filter(isTest);
const sources = SOURCES[name] ?? (name && existsSync(`src/${name}`) ? [`src/${name}/**/*.ts`] : []);
for (const [flag, what] of [
  ['sample', 'how many places'],
  ['seed', 'which sample'],
]) {
  if (flags[flag] === undefined || /^[1-9]\d*$/.test(flags[flag])) continue;
  process.stderr.write(`--${flag}: expected ${what}, a whole number from 1 on, received ${flags[flag]}\n`);
  process.exit(2);
}
if (sources.length === 0) {
  const rooms = [
    ...readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    { name: 'search' },
  ];
  const expected = `expected one of ${rooms.map((room) => room.name).join(', ')}, received ${name ?? 'nothing'}`;
  process.stderr.write(`npm run mutate -- ROOM [--sample N [--seed N]] [FILE...] [TEST...]: ${expected}\n`);
  process.exit(2);
}

const folder = 'build/mutate';
const result = `${folder}/${name}.json`;
mkdirSync(folder, { recursive: true });
rmSync(result, { force: true });
const patterns =
  files.length > 0 ? files.map((file) => (file.includes('/') ? file : `src/${name}/**/${file}`)) : sources;
const isMutated = (path) =>
  path.endsWith('.ts') && !path.endsWith('types.ts') && patterns.some((pattern) => matchesGlob(path, pattern));
const sample = flags.sample
  ? await drawPlaces(listSources().filter(isMutated), LEFT_ALONE, Number(flags.sample), Number(flags.seed))
  : undefined;
writeFileSync(
  `${folder}/${name}.stryker.json`,
  JSON.stringify({
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    mutate: sample?.places ?? [...patterns, '!src/**/types.ts'],
    mutator: { excludedMutations: LEFT_ALONE },
    vitest: { configFile: 'scripts/vitest-mutate.mjs', related: false },
    coverageAnalysis: 'perTest',
    ignoreStatic: true, // a constant of a module needs all tests again, once each
    dryRunTimeoutMinutes: 60,
    concurrency: Number(process.env.MIST_MUTATE_CONCURRENCY ?? 1),
    timeoutMS: 40_000, // beside what its tests take, and as much again by half,
    tsconfigFile: 'none',
    disableTypeChecks: false,
    tempDirName: `build/stryker-${name}`,
    ignorePatterns: ['docs', 'bench', 'mist-results', 'build/mutate', 'build/stryker*', 'biome.json'],
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: result },
  }),
);
const env = {
  ...process.env,
  MIST_MUTATE_TESTS: (tests.length > 0 ? tests : [...(testsOf(name) ?? []), 'test/golden/']).join(','),
  MIST_MUTATE_WITHOUT: tests.length > 0 ? '' : LEFT_OUT.map((path) => `test/${path}`).join(','),
};
const stryker = 'node_modules/@stryker-mutator/core/bin/stryker.js';
const run = spawnSync(process.execPath, [stryker, 'run', `${folder}/${name}.stryker.json`], { stdio: 'inherit', env });
if (!existsSync(result)) process.exit(run.status || 1);

const report = JSON.parse(readFileSync(result, 'utf8'));
const counts = { caught: 0, survived: 0, late: 0, ignored: 0 };
const survivors = [];
for (const [path, { source, mutants }] of Object.entries(report.files)) {
  const lines = source.split('\n');
  const of = (...states) => mutants.filter(({ status }) => states.includes(status));
  const [caught, survived] = [of('Killed', 'Timeout'), of('Survived', 'NoCoverage')];
  counts.caught += caught.length;
  counts.survived += survived.length;
  counts.late += of('Timeout').length;
  counts.ignored += of('Ignored').filter(({ static: fixed }) => fixed).length;
  for (const { location, mutatorName, replacement, status } of survived) {
    const { line, column } = location.start;
    const to = location.end.line === line ? location.end.column - 1 : undefined;
    const was = lines[line - 1].slice(column - 1, to).trim();
    const reached = status === 'NoCoverage' ? ' (no test comes here)' : '';
    const made = (replacement ?? mutatorName).replace(/\s+/g, ' ').slice(0, 60);
    survivors.push(`${path}:${line}:${column}: ${was} -> ${made}${reached}`);
  }
}
console.log(`\n${survivors.map((one) => `survives ${one}\n`).join('')}`);
const all = counts.caught + counts.survived;
const share = all > 0 ? counts.survived / all : 0;
console.log(
  `${name}${sample ? `, ${sample.places.length} places drawn by seed ${flags.seed} of ${sample.all} mutants` : ''}: ${counts.survived} of ${all} mutants survive (${(100 * share).toFixed(1)} %, at most ${100 * MOST_SURVIVORS} %); ${counts.late} ran too long, ${counts.ignored} in constants of modules were not tried`,
);
process.exitCode = share > MOST_SURVIVORS ? 1 : 0;
