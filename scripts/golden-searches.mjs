// What small searches come to: the fate of every row, the certificate, the best rows and the front.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { flatten } from './golden-lowered.mjs';
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

/** What is said of a search when its answer is another than what was found. */
const TOLD = {
  'as it is': (told) => told,
  'another price': ({ leaders: [first, ...rest], ...told }) => ({
    ...told,
    leaders: [{ ...first, usd_per_hour: 2 * first.usd_per_hour }, ...rest],
  }),
  'another latency': ({ leaders: [first, ...rest], ...told }) => ({
    ...told,
    leaders: [{ ...first, ttft_p99_ms: -first.ttft_p99_ms }, ...rest],
  }),
  'no price': ({ leaders: [first, ...rest], ...told }) => ({
    ...told,
    leaders: [{ ...first, usd_per_hour: null }, ...rest],
  }),
  'without the best': ({ leaders: [, ...rest], ...told }) => ({ ...told, leaders: rest }),
  'none at all': (told) => ({ ...told, leaders: [] }),
  'another row': ({ leaders: [first, ...rest], ...told }) => ({ ...told, leaders: [{ ...first, row: 0 }, ...rest] }),
  'more rows': (told) => ({ ...told, rows: told.rows + 1 }),
};
const SAMPLE = 3;

/** Rows of a question whose bounds are shown. */
const BOUNDED = 3;

export function openSearches(load) {
  return async () => {
    const { openCatalog, openQuestion, sweep, UserError, formatIssue } = await load('index');
    const { prepareFleet, openSession } = await load('index');
    const [{ certificate }, { verifySweep }, { demandAt }, { boundOf, priceOf }, { stepLimits }, { leastWork }] =
      await Promise.all(
        ['report/certificate', 'run/verify', 'run/demand', 'run/bounds', 'run/bound-fleet', 'run/least-work'].map(load),
      );
    const catalog = openCatalog({});
    const session = openSession(catalog);
    const attempt = async (act) => {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.issues.map((issue) => `  refused: ${formatIssue(issue)}`);
      }
    };
    const seen = new Set();
    /** Of some rows what they ask, what of it may be late, and the engines that cannot do it. */
    const tellBounds = (question) =>
      Array.from({ length: Math.min(BOUNDED, question.rows) }, (_, i) => {
        const row = Math.floor((i * question.rows) / Math.min(BOUNDED, question.rows));
        return attempt(() => {
          const { spec } = question.at(row);
          const { program } = prepareFleet(spec, catalog, session);
          const demand = demandAt(spec, catalog);
          return ['all', 'prefill', 'decode'].flatMap((part) => {
            const deadlines = demand.deadlines(part);
            const { price, ...client } = program.clients[0];
            if (!deadlines || !(price instanceof Float64Array)) return [];
            const limits = stepLimits(client, deadlines.longest, i % 2 === 1);
            const least = leastWork(price, limits, deadlines.totals);
            const figures = { ...deadlines, limits, least, price: priceOf(least, limits.finds) };
            const bound = boundOf(price, limits, deadlines);
            const lines = [...flatten({ ...figures, bound }, [part])].filter((line) => !seen.has(line));
            for (const line of lines) seen.add(line);
            return [`  row ${row}:`, ...lines.map((line) => `    ${line.slice(0, 240)}`)];
          });
        });
      });
    const tellVerified = async (question, found, change) => {
      const leaders = found.kept
        .filter(({ result }) => result?.slo_met)
        .map(({ row, on_front, usd_per_hour, result }) => ({
          ...{ row, on_front, usd_per_hour, ttft_p99_ms: result.ttft.p99 * 1000 },
        }));
      const options = { workers: 1, sample: SAMPLE, seed: undefined, catalogFolder: null, prices: null };
      const told = change({ rows: question.rows, leaders });
      return JSON.stringify(await verifySweep(question, told, options));
    };
    const { base, always, verified, changes } = parse(textOf('test/golden/searches.yaml'));
    const data = change(parse(textOf(base)), always);
    const told = [];
    for (const one of changes) {
      told.push(JSON.stringify(one));
      try {
        const text = stringify(change(data, one));
        const question = openQuestion(text, '', catalog);
        const found = await sweep(question, catalog, { workers: 1 });
        told.push(`  ${JSON.stringify(certificate(found))}`);
        told.push(
          `  nearest ${JSON.stringify(found.nearest ?? null)}, screened ${JSON.stringify(found.screened ?? null)}`,
        );
        told.push(...found.kept.slice(0, SHOWN).map(tellRow));
        const rest = found.kept
          .slice(SHOWN)
          .map(({ row, result }) => `${row}${result ? (result.slo_met ? '+' : '-') : ''}`);
        told.push(`  and ${rest.join(' ')}`);
        told.push(...(await Promise.all(tellBounds(question))).flat());
        for (const [words, change] of Object.entries(verified.includes(one.name) ? TOLD : {}))
          told.push(`  ${words}: ${[await attempt(() => tellVerified(question, found, change))].flat().join('')}`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        told.push(...error.issues.map((issue) => `  refused: ${formatIssue(issue)}`));
      }
    }
    return `${told.join('\n')}\n`;
  };
}
