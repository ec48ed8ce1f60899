// The page of a study: its claims, its pictures, who wins where. Self-contained, readable in grey and on a phone.
import { FLEET_STYLE } from '../report/fleet/palette.ts';
import { drawPage } from '../report/html-page.ts';
import { html, type Markup } from '../report/html-text.ts';
import { formatFigure, type JudgedClaim } from './judge.ts';
import { type CurvePanel, curvesOf, MOST_PANELS, type Panel, panelsOf, winnersOf } from './panels.ts';
import { drawCurves, drawKey, drawPanel } from './pictures.ts';
import type { StudyResult } from './run-study.ts';
import { byWords, deciding, VERDICTS } from './terminal.ts';

const STYLE = `${FLEET_STYLE}
.legend svg{vertical-align:-1px}
td.words{white-space:normal;min-width:220px;text-align:left}
.winners td,.winners th{text-align:left}
.winners .figure{text-align:right}
`;

/** A table that is longer opens when asked. */
const OPEN_ROWS = 40;

/** A whole HTML document. */
export function studyHtml(result: StudyResult): string {
  const { study, version } = result;
  const { question, section } = study;
  const panels = panelsOf(result);
  const body = html`<section class="card"><h1>${question.name}</h1>
<p>${section.about ?? ''}</p>
<p class="note">${tellRows(result)} simulated${question.where === null ? '' : `, where ${question.where}`}.${result.interrupted ? ' It was interrupted: the others are missing.' : ''}</p></section>
${drawClaims(result.claims)}
${drawWinners(winnersOf(result))}
${drawPanels(panels)}
${drawSpreads(curvesOf(result))}
<section class="card"><details><summary>The document</summary><pre>${question.text}</pre></details></section>`;
  return drawPage({ title: `${question.name}: study`, name: question.name, version, style: STYLE }, body);
}

/** "168 rows"; of a study that is not done, how many of them. */
function tellRows({ rows, study }: StudyResult): string {
  const [done, all] = [rows.length, study.rows.length].map((count) => count.toLocaleString('en-US'));
  return done === all ? `${all} rows` : `${done} of ${all} rows`;
}

function drawClaims(claims: readonly JudgedClaim[]): Markup {
  if (claims.length === 0) return html``;
  const rows = claims.map((one) => {
    const judged = deciding(one);
    const { name, say, where, source } = one.claim;
    const tone = one.verdict === 'holds' ? 'met' : one.verdict === 'fails' ? 'missed' : '';
    const by = judged && Number.isFinite(judged.margin) ? byWords(judged.margin) : '';
    return html`<tr><td class="words">${name}<br><small>${say}${where === null ? '' : ` where ${where}`}${source === null ? '' : ` (${source})`}</small></td><td class="left"><span class="pill ${tone}">${VERDICTS[one.verdict]}</span></td><td>${one.counts.holds}/${one.scenarios.length}</td><td>${by}</td><td class="words">${judged ? `${judged.scenario ? `${judged.scenario}: ` : ''}${judged.words}` : ''}</td></tr>`;
  });
  return html`<section class="card"><h2>Claims</h2><div class="scroll open" tabindex="0" role="region" aria-label="Claims"><table><thead><tr><th class="left">claim</th><th class="left">verdict</th><th>scenarios</th><th>by</th><th class="left">decided by</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

/** The best answer of each compared label, by figure and scenario, the first of them in bold. */
function drawWinners(winners: readonly Panel[]): Markup {
  const several = winners.filter(({ lines }) => lines.length > 1);
  if (several.length === 0) return html``;
  const scenarios = several.some(({ scenario }) => scenario !== '');
  const answers = several.some(({ lines }) => lines.some(({ points }) => points.some(({ answer }) => answer !== '')));
  const rows = several.flatMap(({ figure, scenario, lines }) => {
    const ranked = lines.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
    ranked.sort((a, b) => (figure.better === 'more' ? b.mean - a.mean : a.mean - b.mean));
    return ranked.map(
      ({ name, mean, answer }, i) =>
        html`<tr>${scenarios ? html`<td class="words">${i === 0 ? scenario : ''}</td>` : ''}<td>${i === 0 ? figure.words : ''}</td><td>${i === 0 ? html`<b>${name}</b>` : name}</td><td class="figure">${formatFigure(mean, figure.unit)}</td>${answers ? html`<td class="words">${answer}</td>` : ''}</tr>`,
    );
  });
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="Who wins where"><table class="winners"><thead><tr>${scenarios ? html`<th>scenario</th>` : ''}<th>figure</th><th></th><th class="figure">best</th>${answers ? html`<th>with</th>` : ''}</tr></thead><tbody>${rows}</tbody></table></div>`;
  return html`<section class="card"><h2>Who wins where</h2>${rows.length <= OPEN_ROWS ? table : html`<details><summary>${rows.length} rows</summary>${table}</details>`}</section>`;
}

/** Distributions, a line of the same dashes for each name in all of them. */
function drawSpreads(curves: readonly CurvePanel[]): Markup {
  const shown = curves.slice(0, MOST_PANELS).filter(({ lines }) => lines.length > 0);
  if (shown.length === 0) return html``;
  const names = [...new Set(shown.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const drawn = shown.map((panel) => {
    const lines = names.map((name) => panel.lines.find((line) => line.name === name) ?? { name, points: [] });
    return html`<div><h3>share of requests by ${panel.metric.toUpperCase()} <small>${panel.scenario}</small></h3>${drawCurves({ ...panel, lines })}</div>`;
  });
  return html`<section class="card"><h2>Distributions</h2><p class="note">Up to the p99 of the slowest; the mark is the median.</p>${names.length > 1 ? drawKey(names) : ''}<div class="grid2">${drawn}</div></section>`;
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
      html`<div><h3>${panel.figure.words}${panel.figure.unit === '' || panel.figure.words.endsWith(panel.figure.unit) ? '' : `, ${panel.figure.unit}`} <small>${panel.scenario}</small></h3>${drawPanel(panel)}</div>`,
  );
  return html`<section class="card"><h2>Figures</h2><p class="note">${note}</p>${names.length > 1 ? drawKey(names) : ''}<div class="grid2">${drawn}</div></section>`;
}
