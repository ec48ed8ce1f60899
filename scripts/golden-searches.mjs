// What small searches come to: the fate of every row, the certificate, the best rows and the front.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { change } from './golden-notations.mjs';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
const shortly = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(6)));
/** Rows that are shown: a ranking says most at its beginning. */
const SHOWN = 6;

function tellRow({
  row,
  choices,
  scenario,
  hosts,
  devices,
  usd_per_hour: usd,
  on_front,
  times,
  result,
  screen,
  trust,
}) {
  const stands = hosts.map(
    ({ hardware, count, paid }) => `${count} ${hardware}${paid ? ` (${shortly(paid)} paid)` : ''}`,
  );
  const fate = result
    ? `${result.verdict}, ${result.slo_met ? 'keeps' : 'misses'}${times > 1 ? ` after ${times} times as long` : ''}, p99 TTFT ${shortly(result.ttft.p99)}, KV ${shortly(result.peak_kv_use)}`
    : 'not run';
  const screened = screen ? `, screened at ${shortly(screen.ttft)} and ${shortly(screen.tpot)}` : '';
  const front = on_front ? ', on the front' : '';
  return `  ${[...choices.values()].join(' ')}${scenario ? ` of ${scenario}` : ''} (row ${row}): ${stands.join(' + ')}, ${devices} devices, $${shortly(usd)}: ${fate}${screened}${front}, ${trust?.basis}`;
}

export function openSearches(load) {
  return async () => {
    const { openCatalog, openQuestion, sweep, UserError, formatIssue } = await load('index');
    const { certificate } = await load('report/certificate');
    const catalog = openCatalog({});
    const { base, always, changes } = parse(textOf('test/golden/searches.yaml'));
    const data = change(parse(textOf(base)), always);
    const told = [];
    for (const one of changes) {
      told.push(JSON.stringify(one));
      try {
        const text = stringify(change(data, one));
        const found = await sweep(openQuestion(text, '', catalog), catalog, { workers: 1 });
        told.push(`  ${JSON.stringify(certificate(found))}`);
        told.push(
          `  nearest ${JSON.stringify(found.nearest ?? null)}, screened ${JSON.stringify(found.screened ?? null)}`,
        );
        told.push(...found.kept.slice(0, SHOWN).map(tellRow));
        const rest = found.kept
          .slice(SHOWN)
          .map(({ row, result }) => `${row}${result ? (result.slo_met ? '+' : '-') : ''}`);
        told.push(`  and ${rest.join(' ')}`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        told.push(...error.issues.map((issue) => `  refused: ${formatIssue(issue)}`));
      }
    }
    return `${told.join('\n')}\n`;
  };
}
