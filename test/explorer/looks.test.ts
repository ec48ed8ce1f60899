// The explorer's page for everybody: no violation that axe finds, letters of 11 px at least on a phone, nothing wider than the screen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type Explorer, proved, SMALL, startExplorer } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

describe.skipIf(browserPath === undefined)('the look of the explorer', () => {
  let explorer: Explorer;
  beforeAll(async () => {
    explorer = await startExplorer();
  });
  afterEach(() => explorer.closePages());
  afterAll(() => explorer?.close());

  test.each([
    ['light', 1400],
    ['dark', 1400],
    ['light', 390],
  ] as const)('has nothing that axe finds fault with, %s at %i px', async (colorScheme, width) => {
    const { page } = await explorer.open(`${explorer.url}${SMALL}`, {
      colorScheme,
      viewport: { width, height: 900 },
      bypassCSP: true,
      reducedMotion: 'reduce',
    });
    await proved(page);
    await page.waitForSelector('.pictures svg', { state: 'attached' });
    await page.waitForSelector('.settled[data-whole=true]');
    await page.addScriptTag({ content: AXE });
    const { violations } = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run());
    expect(
      violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`)
            .join(' | ')}`,
      ),
    ).toEqual([]);
  });

  test('fits a phone: nothing is wider than the screen, no letter is below 11 px', async () => {
    const { page } = await explorer.open(`${explorer.url}${SMALL}`, { viewport: { width: 390, height: 844 } });
    await proved(page);
    await page.waitForSelector('.pictures svg', { state: 'attached' });
    await page.waitForSelector('.settled[data-whole=true]');
    const found = await page.evaluate(() => {
      const small: string[] = [];
      for (const node of document.querySelectorAll('.answer *')) {
        const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent?.trim());
        const box = node.getBoundingClientRect();
        if (!own || box.width === 0) continue;
        const svg = node instanceof SVGElement ? (node.ownerSVGElement ?? node) : null;
        const view = svg instanceof SVGSVGElement && svg.viewBox.baseVal ? svg.viewBox.baseVal.width : 0;
        const scale = svg && view > 0 ? svg.getBoundingClientRect().width / view : 1;
        const size = Number.parseFloat(getComputedStyle(node).fontSize) * scale;
        if (size < 11) small.push(`${size.toFixed(1)} px: ${node.textContent?.slice(0, 40)}`);
      }
      return { small, wide: document.documentElement.scrollWidth };
    });
    expect(found.small).toEqual([]);
    expect(found.wide).toBeLessThanOrEqual(390);
  });
});
