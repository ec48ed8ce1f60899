// The explorer's page for everybody: no violation that axe finds, letters of 11 px at least on a phone, nothing wider than the screen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Opened } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

/** `here`: a page with an answer, looked at in every light and width. */
export function testLooks(here: () => Opened): void {
  let page: Page;
  beforeAll(async () => {
    ({ page } = here());
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.waitForSelector('.pictures svg', { state: 'attached' });
    await page.evaluate(AXE); // the page's policy has no say in what a debugger evaluates
  });
  afterAll(async () => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
    await page.setViewportSize({ width: 1280, height: 720 });
  });

  test.each([
    ['light', 1400],
    ['dark', 1400],
    ['light', 390],
  ] as const)('has nothing that axe finds fault with, %s at %i px', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
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
    await page.setViewportSize({ width: 390, height: 844 });
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
}
