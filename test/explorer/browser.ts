// A headless browser on the built explorer; null, with the reason printed, where this machine has none.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { ROOT } from '../cli/spawn.ts';

const FOLDER = join(ROOT, 'dist/explorer');
/** It is to talk to nobody. */
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const PLACES = [
  process.env.MIST_BROWSER ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export const browserPath = PLACES.find((path) => path !== '' && existsSync(path));
if (browserPath === undefined) console.log('skipped: no browser (MIST_BROWSER names one; apt-get install chromium)');

const newest = (folder: string): number =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

/** Builds the pages where a source is newer than they are. */
function buildPages(): void {
  const page = join(FOLDER, 'index.html');
  const scripts = ['explorer', 'kernels'].map((name) => statSync(join(ROOT, `scripts/${name}.mjs`)).mtimeMs);
  const sources = Math.max(newest('src'), newest('assembly'), ...scripts);
  if (existsSync(page) && statSync(page).mtimeMs > sources) return;
  execFileSync(process.execPath, ['scripts/explorer.mjs', '--build'], { cwd: ROOT, stdio: 'ignore' });
}

export interface Opened {
  readonly page: Page;
  /** What the page said of itself that it should not have. */
  readonly complaints: string[];
  /** Where it asked for something. */
  readonly asked: Set<string>;
}

export interface Explorer {
  readonly url: string;
  /** The page that opens from a file. */
  readonly inline: string;
  /** Another page of the one window: a window of its own costs its bars. */
  open(link: string, before?: () => void): Promise<Opened>;
  close(): Promise<void>;
}

export async function startExplorer(): Promise<Explorer> {
  buildPages();
  const server = await serve();
  const browser = await chromium.launch({ executablePath: browserPath!, args: ARGS });
  const window = await browser.newContext();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    inline: `file://${join(FOLDER, 'mist-explorer.html')}`,
    async open(link, before) {
      const page = await window.newPage();
      page.setDefaultTimeout(300_000); // machines are slow at times
      const complaints: string[] = [];
      const asked = new Set<string>();
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => asked.add(new URL(request.url()).origin));
      if (before) await page.addInitScript(before);
      await page.goto(link);
      return { page, complaints, asked };
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' };

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const name = new URL(request.url!, 'http://localhost').pathname.slice(1) || 'index.html';
    if (!/^[\w.-]+$/.test(name) || !existsSync(join(FOLDER, name))) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1)!] ?? 'text/plain' });
    response.end(readFileSync(join(FOLDER, name)));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** A question that is answered in a second or two: 32 rows. */
export const SMALL =
  '#v=1&model=llama-3.1-8b&hardware=h100-sxm-80gb%2Cl40s&formats=fp8&replicas=1&rate=2&engine=vllm-0.11';

/** What a page is asked by a link that is followed in it. */
export const follow = (page: Page, link: string): Promise<void> =>
  page.evaluate((hash) => {
    location.hash = hash;
  }, link);

export const specIn = async (page: Page): Promise<string> => (await page.textContent('#spec')) ?? '';

export const proved = (page: Page) => page.waitForSelector('[data-state=proved]', { timeout: 300_000 });

/** Proved, and the answer run to its last request. */
export async function settled(page: Page): Promise<void> {
  await proved(page);
  await page.waitForSelector('.settled[data-whole=true]', { timeout: 300_000 });
}

/** The text that a button saves. */
export async function saved(page: Page, words: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: words, exact: true }).click(),
  ]);
  return readFileSync((await download.path())!, 'utf8');
}
