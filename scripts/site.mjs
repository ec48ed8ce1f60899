// Builds the documentation as a site for any static host, build/site/public: node scripts/site.mjs. The generator is a package of its
// own (docs/.vitepress/package.json), installed beside the pages in build/, so that nobody else carries it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const GENERATOR = 'docs/.vitepress';
const WORK = 'build/site';
const PAGES = join(WORK, 'pages');
/** Pages, at the places that their links name. */
const FOLDERS = ['.', 'docs', 'bench', 'src', 'assembly'];
/** What pages link to and a browser shows or downloads as it is. */
const FILES = ['examples', 'bench/accuracy-history.csv', 'LICENSE'];

function layPages() {
  rmSync(PAGES, { recursive: true, force: true });
  for (const folder of FOLDERS) {
    mkdirSync(join(PAGES, folder), { recursive: true });
    for (const name of readdirSync(folder)) {
      if (/\.(md|svg)$/.test(name)) copyFileSync(join(folder, name), join(PAGES, folder, name));
    }
  }
  for (const file of FILES) {
    const target = join(PAGES, 'public', file);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target, { recursive: true });
  }
}

/** Once for each lock file. */
function installGenerator() {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(GENERATOR, name), join(WORK, name));
  mkdirSync(join(WORK, '.vitepress'), { recursive: true });
  copyFileSync(join(GENERATOR, 'config.mjs'), join(WORK, '.vitepress', 'config.mjs'));
  const lock = readFileSync(join(WORK, 'package-lock.json'), 'utf8');
  const known = join(WORK, 'node_modules', '.installed');
  try {
    if (readFileSync(known, 'utf8') === lock) return;
  } catch {
    // nothing is installed
  }
  const shell = process.platform === 'win32';
  execFileSync(shell ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund'], { cwd: WORK, stdio: 'inherit', shell });
  writeFileSync(known, lock);
}

layPages();
installGenerator();
execFileSync(process.execPath, ['node_modules/vitepress/bin/vitepress.js', 'build'], {
  cwd: WORK,
  stdio: 'inherit',
  // examples/cluster has files for Slurm, which are no pages
  env: { ...process.env, VITE_EXTRA_EXTENSIONS: 'slurm' },
});
