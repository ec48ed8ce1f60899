// Tables of the page: stages, instances, pipelines.
import type { ClientResult, FleetResult, PipelineResult, StageResult } from '../../metrics/fleet/types.ts';
import { capital, formatNumber, formatShare, formatShort, UNKNOWN } from '../format.ts';
import { html, type Markup } from '../html-text.ts';
import { formatTidyMs } from './axis.ts';
import { clientColumns } from './client-columns.ts';
import { stageColour } from './palette.ts';
import { explainGaps, isReal, takesTime } from './shown.ts';

interface Column<Row> {
  readonly heading: string;
  readonly left?: boolean;
  /** Stands above it and its neighbours of the same group. */
  readonly group?: string;
  readonly show: (row: Row) => string | Markup;
}

/** Columns that say nothing in any row are left out. */
function drawTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const cells = rows.map((row) => columns.map((column) => column.show(row)));
  const kept = columns.flatMap((_, c) => (cells.some((row) => row[c] !== UNKNOWN && row[c] !== '') ? [c] : []));
  const kind = (c: number): string => (columns[c]!.left ? 'left' : '');
  const heads = kept.map((c) => html`<th class="${kind(c)}">${columns[c]!.heading}</th>`);
  const groups = drawGroups(kept.map((c) => columns[c]!.group ?? ''));
  const lines = cells.map((row) => html`<tr>${kept.map((c) => html`<td class="${kind(c)}">${row[c]!}</td>`)}</tr>`);
  return html`<div class="scroll open" tabindex="0"><table><thead>${groups}<tr>${heads}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

/** A row of headings over the headings, if any column belongs to a group. */
function drawGroups(names: readonly string[]): Markup {
  if (names.every((name) => name === '')) return html``;
  const cells: Markup[] = [];
  for (let from = 0; from < names.length; ) {
    let to = from + 1;
    while (to < names.length && names[to] === names[from]) to++;
    const name = names[from];
    const span = String(to - from);
    // a heading without words would be read out as one
    cells.push(
      name === ''
        ? html`<td colspan="${span}" class="group"></td>`
        : html`<th colspan="${span}" class="group">${name!}</th>`,
    );
    from = to;
  }
  return html`<tr>${cells}</tr>`;
}

const TAILS = ['mean', 'p50', 'p90', 'p99'] as const;

export function drawStageTable(result: FleetResult): Markup {
  const part = (kind: 'queue' | 'service' | 'transfer'): Column<StageResult>[] =>
    TAILS.map((tail) => ({
      heading: tail,
      group: `${kind}, ms`,
      show: (stage) => (kind === 'service' || stage[kind].max > 0 ? formatTidyMs(stage[kind][tail]) : ''),
    }));
  const columns: Column<StageResult>[] = [
    {
      heading: 'Stage',
      left: true,
      show: (stage) =>
        html`<i class="dot" style="background:${stageColour(result.stages.indexOf(stage))}"></i>${stage.name}`,
    },
    { heading: 'Visits', show: ({ visits }) => formatNumber(visits.finished) },
    {
      heading: 'Not ended',
      show: ({ visits }) => (visits.total > visits.finished ? formatNumber(visits.total - visits.finished) : ''),
    },
    ...part('transfer'),
    ...part('queue'),
    ...part('service'),
    { heading: 'J/request', show: (stage) => formatShort(stage.joules_per_request) },
    { heading: '$/1k requests', show: (stage) => formatShort(stage.usd_per_request * 1000) },
  ];
  const idle =
    result.idle_usd_per_request > 0
      ? ` Instances that no visit came to cost $${formatShort(result.idle_usd_per_request * 1000)} per 1,000 requests more.`
      : '';
  return html`<section class="card"><h2>Stages</h2>
<p class="note">Milliseconds over all visits. Transfer: from the end of the last predecessor until its data was there; queue: until first admitted; service: until ended. Energy and cost are those of the instances, divided over their visits.${idle}</p>
${drawTable(columns, result.stages.filter(takesTime))}</section>`;
}

/** `bases`: what each instance's prices rest on, in the order of the result's instances. */
export function drawClientTable(result: FleetResult, bases: readonly string[] = []): Markup {
  const basisOf = new Map(result.clients.map((client, c) => [client, bases[c] ?? '']));
  const shared = clientColumns((devices) => (devices > 0 ? formatNumber(devices) : UNKNOWN));
  const columns: Column<ClientResult>[] = [
    ...shared.map(({ heading, align, show }) => ({ heading: capital(heading), left: align === 'left', show })),
    { heading: 'Prices', left: true, show: (client) => basisOf.get(client) ?? '' },
  ];
  return html`<section class="card"><h2>Instances</h2>
<p class="note">Batch: sequences in a step while busy, or visits in service on average. Cached: prompt tokens that came from a cache or a store. Prices: what step times rest on. ${explainGaps(result).join(' ')}</p>
${drawTable(columns, result.clients.filter(isReal))}</section>`;
}

export function drawPipelineTable(result: FleetResult): Markup {
  if (result.pipelines.length < 2) return html``;
  const pair = (name: string, metric: 'ttft' | 'first_answer' | 'tpot' | 'e2el'): Column<PipelineResult>[] =>
    (['p50', 'p99'] as const).map((tail) => ({
      heading: `${name} ${tail}`,
      show: (row) => formatTidyMs(row[metric][tail]),
    }));
  const columns: Column<PipelineResult>[] = [
    { heading: 'Pipeline', left: true, show: ({ name }) => name },
    { heading: 'Requests', show: ({ requests }) => formatNumber(requests.total) },
    { heading: 'Failed', show: ({ requests }) => formatNumber(requests.total - requests.finished) },
    ...pair('TTFT, ms', 'ttft'),
    ...(result.thinking_tokens > 0 ? pair('First answer, ms', 'first_answer') : []),
    ...pair('TPOT, ms', 'tpot'),
    ...pair('E2EL, ms', 'e2el'),
    { heading: 'Goodput, req/s', show: ({ request_goodput }) => formatShort(request_goodput) },
    { heading: 'Good', show: ({ good_fraction }) => formatShare(good_fraction) },
  ];
  return html`<section class="card"><h2>Pipelines</h2>${drawTable(columns, result.pipelines)}</section>`;
}
