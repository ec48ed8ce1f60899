// Builds the explorer into dist/explorer/ and serves it on this machine: node scripts/explorer.mjs [--build] [--port N]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { buildOwnMemoryKernel } from './kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const OUT = 'dist/explorer';
const { values: flags } = parseArgs({ options: { build: { type: 'boolean' }, port: { type: 'string' } } });

/** The catalog without its white space, and what else the rooms read beside their own modules. */
function listFiles() {
  const entries = readdirSync('src/catalog', { recursive: true, withFileTypes: true });
  const paths = entries.filter(({ name }) => name.endsWith('.json')).map((entry) => join(entry.parentPath, entry.name));
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  return [
    ['package.json', JSON.stringify({ name, version })],
    ...paths.sort().map((path) => [path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))]),
  ];
}

const HOST = join(root, 'src/host/browser.ts');

/** The browser's host, kernels and files in the place of Node's. */
const forBrowsers = {
  name: 'mist-for-browsers',
  enforce: 'pre',
  resolveId(source) {
    if (/^(\.\.\/)+host\/host\.ts$/.test(source)) return HOST;
    if (source === 'virtual:mist-files') return '\0mist-files';
    if (source === 'linkedom') throw new Error('linkedom is for hosts without a document');
    return source === './binary.ts' ? '\0mist-kernel' : null;
  },
  load(id) {
    if (id === '\0mist-files') return `export default JSON.parse(${JSON.stringify(JSON.stringify(listFiles()))});`;
    if (id !== '\0mist-kernel') return null;
    return `export const KERNEL_BASE64 = '${kernel.toString('base64')}';`;
  },
};

async function bundle(entry, name) {
  const found = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [forBrowsers],
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      chunkSizeWarningLimit: 1e5,
      lib: { entry, name, formats: ['iife'], fileName: name },
      rolldownOptions: { output: { codeSplitting: false }, transform: { define: { 'import.meta.url': '""' } } },
    },
  });
  const { output } = Array.isArray(found) ? found[0] : found;
  return output.find((chunk) => chunk.type === 'chunk').code;
}

/** A script inside of a page must not end it. */
const inScript = (code) => code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');

const POLICY = (scripts, workers) =>
  `default-src 'none'; script-src ${scripts} 'wasm-unsafe-eval'; worker-src ${workers}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;

async function buildPages() {
  const page = await bundle('src/explorer/page/main.tsx', 'mist');
  const worker = await bundle('src/explorer/engine/worker.ts', 'worker');
  const { PAGE_STYLE } = await import('../dist/src/report/html-style.js');
  const { FLEET_STYLE } = await import('../dist/src/report/fleet/palette.js');
  const style = PAGE_STYLE + FLEET_STYLE + readFileSync('src/explorer/style.css', 'utf8');
  const shell = readFileSync('src/explorer/index.html', 'utf8').replace('/*style*/', () => style);
  const fill = (policy, scripts) => shell.replace('POLICY', policy).replace('<!--scripts-->', () => scripts);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(`${OUT}/page.js`, page);
  writeFileSync(`${OUT}/worker.js`, worker);
  writeFileSync(`${OUT}/index.html`, fill(POLICY("'self'", "'self'"), '<script defer src="page.js"></script>'));
  const inline = `<script type="text/plain" id="worker">${inScript(worker)}</script>\n<script>${inScript(page)}</script>`;
  writeFileSync(`${OUT}/mist-explorer.html`, fill(POLICY("'unsafe-inline' blob:", 'blob:'), inline));
}

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };

function serve(port) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = join(OUT, path === '/' ? 'index.html' : path.slice(1));
    if (!/^\/[\w.-]*$/.test(path) || !existsSync(file)) return response.writeHead(404).end('not here');
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': 'no-cache',
    });
    response.end(readFileSync(file));
  });
  server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/  (Ctrl-C ends it)`));
}

if (!existsSync('dist/src/index.js')) execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const kernel = await buildOwnMemoryKernel();
await buildPages();
console.error(
  `Built ${OUT}/index.html, for any static host, and ${OUT}/mist-explorer.html, one page that opens from a file.`,
);
if (!flags.build) serve(Number(flags.port ?? 8377));
