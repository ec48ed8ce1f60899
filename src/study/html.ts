// The page of a study: its claims, its pictures, who wins where. Self-contained, readable in grey and on a phone.
import { FLEET_STYLE } from '../report/fleet/palette.ts';
import { drawPage } from '../report/html-page.ts';
import { html, type Markup } from '../report/html-text.ts';
import { formatFigure, type JudgedClaim } from './judge.ts';
import { MOST_PANELS, type Panel, panelsOf } from './panels.ts';
import { drawKey, drawPanel } from './pictures.ts';
import type { StudyResult } from './run-study.ts';
import { deciding, VERDICTS } from './terminal.ts';

const STYLE = `${FLEET_STYLE}
.legend svg{vertical-align:-1px}
td.words{white-space:normal;min-width:220px;text-align:left}
.winners td,.winners th{text-align:left}
`;

/** A whole HTML document. */
export function studyHtml(result: StudyResult): string {
  const { study, version } = result;
  const { question, section } = study;
  const panels = panelsOf(result);
  const body = html`<section class="card"><h1>${question.name}</h1>
<p>${section.about ?? ''}</p>
<p class="note">${result.rows.length.toLocaleString('en-US')} rows simulated${question.where === null ? '' : `, where ${question.where}`}.${result.interrupted ? ' It was interrupted: the others are missing.' : ''}</p></section>
${drawClaims(result.claims)}
${drawWinners(panels)}
${drawPanels(panels)}
<section class="card"><details><summary>The document</summary><pre>${question.text}</pre></details></section>`;
  return drawPage({ title: `${question.name}: study`, name: question.name, version, style: STYLE }, body);
}

function drawClaims(claims: readonly JudgedClaim[]): Markup {
  if (claims.length === 0) return html``;
  const rows = claims.map((one) => {
    const judged = deciding(one);
    const { name, say, where, source } = one.claim;
    const tone = one.verdict === 'holds' ? 'met' : one.verdict === 'fails' ? 'missed' : '';
    const by = judged && Number.isFinite(judged.margin) ? `x${judged.margin.toFixed(2)}` : '';
    return html`<tr><td class="words">${name}<br><small>${say}${where === null ? '' : ` where ${where}`}${source === null ? '' : ` (${source})`}</small></td><td class="left"><span class="pill ${tone}">${VERDICTS[one.verdict]}</span></td><td>${one.counts.holds}/${one.scenarios.length}</td><td>${by}</td><td class="words">${judged ? `${judged.scenario ? `${judged.scenario}: ` : ''}${judged.words}` : ''}</td></tr>`;
  });
  return html`<section class="card"><h2>Claims</h2><div class="scroll open"><table><thead><tr><th class="left">claim</th><th class="left">verdict</th><th>scenarios</th><th>by</th><th class="left">decided by</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

/** Who has the best of each figure, by scenario and along the axis. */
function drawWinners(panels: readonly Panel[]): Markup {
  const several = panels.filter(({ lines }) => lines.length > 1);
  if (several.length === 0) return html``;
  const rows = several.flatMap((panel) =>
    panel.along.flatMap((label) => {
      const ranked = panel.lines.flatMap(({ name, points }) => {
        const point = points.find((one) => one.label === label);
        return point ? [{ name, mean: point.mean }] : [];
      });
      if (ranked.length < 2) return [];
      ranked.sort((a, b) => (panel.figure.better === 'more' ? b.mean - a.mean : a.mean - b.mean));
      const [first, second] = ranked as [(typeof ranked)[number], (typeof ranked)[number]];
      const told = (one: typeof first) => `${one.name} ${formatFigure(one.mean, panel.figure.unit)}`;
      return [
        html`<tr><td>${panel.figure.words}</td><td>${panel.scenario}</td><td>${label === '' ? '' : `${panel.axis} ${label}`}</td><td><b>${told(first)}</b></td><td>${told(second)}</td></tr>`,
      ];
    }),
  );
  return html`<section class="card"><details><summary>Who wins where (${rows.length})</summary><div class="scroll"><table class="winners"><thead><tr><th>figure</th><th>scenario</th><th>at</th><th>best</th><th>next</th></tr></thead><tbody>${rows}</tbody></table></div></details></section>`;
}

function drawPanels(panels: readonly Panel[]): Markup {
  const shown = panels.slice(0, MOST_PANELS);
  const names = [...new Set(shown.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const seeds = shown.some(({ lines }) => lines.some(({ points }) => points.some((point) => point.seeds > 1)));
  const note = `${seeds ? 'Means over seeds, with the least and the most of them. ' : ''}${panels.length > shown.length ? `The first ${MOST_PANELS} of ${panels.length} pictures; rows.csv has all figures.` : ''}`;
  // a line has the place of its name among all lines, so that it looks alike in every picture
  const aligned = shown.map((panel) => ({
    ...panel,
    lines: names.map((name) => panel.lines.find((line) => line.name === name) ?? { name, points: [] }),
  }));
  const drawn = aligned.map(
    (panel) =>
      html`<div><h3>${panel.figure.words}${panel.figure.unit === '' ? '' : `, ${panel.figure.unit}`} <small>${panel.scenario}</small></h3>${drawPanel(panel)}</div>`,
  );
  return html`<section class="card"><h2>Figures</h2><p class="note">${note}</p>${names.length > 1 ? drawKey(names) : ''}<div class="grid2">${drawn}</div></section>`;
}
