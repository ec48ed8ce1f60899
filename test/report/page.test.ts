// The HTML page and the SVG: complete, self-contained, and never executing what a user wrote.
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { drawStandalone } from '../../src/report/chart.ts';
import { sweepHtml } from '../../src/report/html.ts';
import { escapeHtml, html } from '../../src/report/html-text.ts';
import { costScatter, throughputScatter } from '../../src/report/points.ts';
import { makeSweep } from './fixture.ts';

const sweep = makeSweep();
const small = makeSweep({ kept: sweep.kept.slice(0, 8) });

test('the page has the answer, every point once, and every reason', async () => {
  const page = await sweepHtml(sweep);
  const { document } = parseHTML(page);
  const winner = sweep.kept[0];
  expect(document.querySelector('h1')?.textContent).toBe(`${winner.devices} × H200 SXM`);
  const svgs = document.querySelectorAll('figure .wide svg');
  expect(svgs.length).toBe(2);
  for (const [i, scatter] of [throughputScatter(sweep), costScatter(sweep)].entries()) {
    const drawn = svgs[i].querySelectorAll('g.screened circle, g.missed circle, g.met circle, g.winner circle');
    expect(drawn).toHaveLength(scatter.points.length);
    const rows = new Set([...drawn].map((circle) => circle.getAttribute('data-row')));
    expect(rows.size).toBe(scatter.points.length);
    const circle = svgs[i].querySelector(
      `g.met circle[data-row="${scatter.points.find((p) => p.kind === 'met' && p !== scatter.winner)?.row}"]`,
    );
    const point = scatter.points.find(({ row }) => String(row) === circle?.getAttribute('data-row'));
    expect(circle?.querySelector('title')?.textContent).toBe(point?.title);
  }
  for (const { words } of sweep.rejected) expect(page).toContain(words);
  expect(document.querySelectorAll('#ranking tbody tr')).toHaveLength(250);
  expect(page).toContain('vllm serve');
  expect(page).toContain(escapeHtml(sweep.text).slice(0, 40));
});

test('the page loads nothing', async () => {
  const page = await sweepHtml(small);
  const urls = page.match(/https?:\/\/[^"' <)]+/g) ?? [];
  expect(urls.filter((url) => !url.startsWith('http://www.w3.org/'))).toEqual([]);
  expect(page).not.toMatch(/<(link|img|iframe|object)\b|@import|url\(/);
  const policy = parseHTML(page).document.querySelector('meta[http-equiv]')?.getAttribute('content');
  expect(policy).toContain("default-src 'none'");
});

test('what users write is shown, not run', async () => {
  const attack = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;`;
  const result = makeSweep({
    kept: small.kept,
    name: attack,
    text: attack,
    file: `/x/${attack}`,
    labels: { 'h200-sxm': attack, 'llama-3.3-70b': attack },
    rejected: [{ words: attack, count: 5 }],
    workload: { description: attack, prompt_mean: 1, output_mean: 1 },
    version: attack,
  });
  for (const text of [await sweepHtml(result), await drawStandalone(throughputScatter(result))]) {
    expect(text.match(/<script\b/g)?.length ?? 0).toBe(text.startsWith('<!doctype') ? 1 : 0);
    expect(text).not.toContain('<img');
  }
});

test('escaping undoes to the same text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const escaped = html`<p title="${text}">${[text, html`<b>${text}</b>`]}</p>`.text;
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
      const back = escapeHtml(text)
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
      expect(back).toBe(text);
      expect(escaped.match(/<b>/g)).toHaveLength(1);
    }),
    { seed: 5 },
  );
});

test('pages without an answer', async () => {
  const nothing = await sweepHtml(makeSweep({ kept: [], screened: { feasible: 0, reordered: 0 }, simulated: 0 }));
  expect(nothing).toContain('0 of 12,480 are feasible');
  expect(nothing).not.toContain('<svg');
  const missed = await sweepHtml(
    makeSweep({ kept: sweep.kept.filter((row) => row.result && !row.result.slo_met).slice(0, 5), interrupted: true }),
  );
  expect(missed).toContain('0 of 12,480 keep the promise');
  expect(missed).toContain('gauge bad');
  expect(missed).toContain('Stopped before everything was tried');
  expect(missed).not.toContain('vllm serve');
  const screened = await sweepHtml(
    makeSweep({
      kept: sweep.kept.filter((row) => row.result === null && row.screen!.ttft_tail <= 1).slice(0, 5),
      simulated: 0,
    }),
  );
  expect(screened).toContain('closed-form estimate');
});

test('a picture of very many rows says how many it shows, and keeps the winner', async () => {
  const kept = Array.from({ length: 3500 }, (_, i) => ({ ...sweep.kept[i % sweep.kept.length], row: i }));
  const scatter = throughputScatter(makeSweep({ kept }));
  expect(scatter.points.length).toBeLessThan(3100);
  expect(scatter.total).toBe(3500);
  expect(scatter.winner?.row).toBe(0);
  for (const point of scatter.front) expect(scatter.points).toContain(point);
});

test('unknown prices leave the cost chart out instead of drawing nothing in it', async () => {
  const kept = small.kept.map((row) => ({
    ...row,
    usd_per_hour: Number.NaN,
    screen: { ...row.screen!, usd_per_million_tokens: Number.NaN },
    result: row.result && { ...row.result, usd_per_million_tokens: Number.NaN, usd_per_hour: Number.NaN },
  }));
  const page = await sweepHtml(makeSweep({ kept }));
  expect(page.match(/<figure/g)).toHaveLength(1);
  expect(page).not.toMatch(/NaN/);
});

test('the standalone picture is one SVG with colours for both schemes', async () => {
  const svg = await drawStandalone(throughputScatter(sweep));
  expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
  expect(svg.match(/<svg/g)).toHaveLength(1);
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).toContain('meets the limits');
});
