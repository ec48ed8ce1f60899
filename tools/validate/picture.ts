// The picture of a validation: predicted against measured on logarithmic axes, one panel per kind of figure, as SVG text.
import { cssVariables, DARK, formatTick, LIGHT } from '../../src/report/chart.ts';
import type { Prediction } from '../../src/validate/predict.ts';

interface Panel {
  readonly title: string;
  readonly metrics: readonly string[];
}

const PANELS: readonly Panel[] = [
  { title: 'TPOT and ITL, ms', metrics: ['tpot_ms', 'itl_ms'] },
  { title: 'TTFT and prefill, ms', metrics: ['ttft_ms', 'prefill_ms'] },
  { title: 'End to end, ms', metrics: ['e2e_ms'] },
  {
    title: 'Throughput, tokens/s, and board power, W',
    metrics: ['output_tokens_per_s', 'total_tokens_per_s', 'power_w'],
  },
];

const COLOURS: readonly {
  readonly words: string;
  readonly isOne: (mode: string) => boolean;
  readonly colour: string;
}[] = [
  { words: 'static batch', isOne: (mode) => mode === 'static-batch', colour: 'var(--soft)' },
  {
    words: 'disaggregated',
    isOne: (mode) => mode.startsWith('disagg') || mode === 'kv-transfer',
    colour: 'var(--missed)',
  },
  { words: 'served (closed or open loop, offline)', isOne: () => true, colour: 'var(--met)' },
];

const SIDE = 300;
const GAP = 68;
const TOP = 58;
const TEXT = 'fill="var(--ink)"';
/** One file for both schemes: whoever shows it decides. */
const STYLE = `svg{${cssVariables(LIGHT)};font-family:system-ui,sans-serif}@media (prefers-color-scheme:dark){svg{${cssVariables(DARK)}}}`;

/** Predictions with an error; every one is a dot. */
export function drawValidation(predictions: readonly Prediction[]): string {
  const points = predictions.filter(({ errorPct }) => errorPct !== null);
  const width = 2 * SIDE + 3 * GAP;
  const height = TOP + 2 * (SIDE + GAP);
  const panels = PANELS.map((panel, i) => {
    const own = points.filter(({ row }) => panel.metrics.includes(row.metric));
    return drawPanel(panel, own, GAP + (i % 2) * (SIDE + GAP), TOP + Math.floor(i / 2) * (SIDE + GAP));
  });
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>Predicted against measured</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    drawLegend(),
    ...panels,
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function drawLegend(): string {
  return COLOURS.map(({ words, colour }, i) => {
    const x = GAP + i * 140;
    return `<circle cx="${x}" cy="18" r="4" fill="${colour}"/><text x="${x + 9}" y="22" font-size="12.5" ${TEXT}>${words}</text>`;
  }).join('');
}

function drawPanel({ title }: Panel, points: readonly Prediction[], left: number, top: number): string {
  const heading = `<text x="${left}" y="${top - 10}" font-size="13" font-weight="600" ${TEXT}>${title}</text>`;
  const frame = `<rect x="${left}" y="${top}" width="${SIDE}" height="${SIDE}" fill="none" stroke="var(--line)"/>`;
  if (points.length === 0) return `${heading}${frame}`;
  const values = points.flatMap(({ row, errorPct }) => [row.value, predictedOf(row.value, errorPct!)]);
  const from = Math.floor(Math.log10(values.reduce((least, value) => Math.min(least, value))));
  const to = Math.max(from + 1, Math.ceil(Math.log10(values.reduce((most, value) => Math.max(most, value)))));
  const place = (value: number) => (SIDE * (Math.log10(value) - from)) / (to - from);
  const x = (value: number) => (left + place(value)).toFixed(1);
  const y = (value: number) => (top + SIDE - place(value)).toFixed(1);
  const dots = COLOURS.map(({ colour }, c) => {
    const own = points.filter(({ row }) => colourOf(row.cell('mode')) === c);
    const path = own.map(({ row, errorPct }) => `M${x(row.value)} ${y(predictedOf(row.value, errorPct!))}h0`).join('');
    return `<path d="${path}" stroke="${colour}" stroke-width="3.4" stroke-linecap="round" stroke-opacity="0.6" fill="none"/>`;
  });
  const low = 10 ** from;
  const high = 10 ** to;
  const line = (factor: number, dash: string) => {
    const [a, b] = factor >= 1 ? [low, high / factor] : [low / factor, high];
    const ends = `x1="${x(a)}" y1="${y(a * factor)}" x2="${x(b)}" y2="${y(b * factor)}"`;
    return `<line ${ends} stroke="var(--soft)" stroke-width="1"${dash}/>`;
  };
  const dashed = ' stroke-dasharray="3 3"';
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => {
    const value = 10 ** (from + i);
    const grid = `<path d="M${x(value)} ${top}V${top + SIDE}M${left} ${y(value)}h${SIDE}" stroke="var(--line)"/>`;
    const across = `<text x="${x(value)}" y="${top + SIDE + 15}" text-anchor="middle" font-size="12" ${TEXT}>${formatTick(value)}</text>`;
    const up = `<text x="${left - 6}" y="${(Number(y(value)) + 4).toFixed(1)}" text-anchor="end" font-size="12" ${TEXT}>${formatTick(value)}</text>`;
    return `${grid}${across}${up}`;
  });
  const axis = `<text x="${left + SIDE}" y="${top + SIDE + 32}" text-anchor="end" font-size="12" fill="var(--soft)">measured across, predicted up; dashed: 20 % off</text>`;
  return [heading, ...ticks, frame, line(1, ''), line(1.2, dashed), line(1 / 1.2, dashed), axis, ...dots].join('');
}

/** The figure that was scored. */
function predictedOf(value: number, errorPct: number): number {
  return Math.max(value * (1 + errorPct / 100), value / 1000);
}

function colourOf(mode: string): number {
  return COLOURS.findIndex(({ isOne }) => isOne(mode));
}
