// Opens the explorer's page from its file in a browser and waits for a proved answer: node scripts/explorer-smoke.mjs BROWSER PAGE
import { chromium } from 'playwright-core';

const [, , executablePath, page] = process.argv;
const QUESTION = '#v=1&model=llama-3.1-8b&hardware=h100-sxm-80gb&formats=fp8&replicas=2&rate=2';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const browser = await chromium.launch({ executablePath, args });
try {
  const tab = await browser.newPage();
  await tab.goto(`file://${page}${QUESTION}`);
  await tab.waitForSelector('[data-state=proved]', { timeout: 120_000 });
  await tab.waitForSelector('.pictures svg circle[data-row]');
  console.log(await tab.textContent('h1'), await tab.textContent('.state'));
} finally {
  await browser.close();
}
