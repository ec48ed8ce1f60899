// What is measured of small runs, figure by figure.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { flatten, sumOf } from './golden-lowered.mjs';
import { change } from './golden-notations.mjs';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

export function openMeasured(load) {
  return async () => {
    const {
      openCatalog,
      openQuestion,
      openSession,
      prepareFleet,
      planMeasuring,
      runFleet,
      measureRun,
      UserError,
      formatIssue,
    } = await load('index');
    const { trustFleet } = await load('metrics/fleet/trust');
    const catalog = openCatalog({});
    const session = openSession(catalog);
    const measure = (text) => {
      try {
        const { spec } = openQuestion(text, '', catalog).at(0);
        const lowered = prepareFleet(spec, catalog, session);
        const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, false) });
        const { run: _, ...measured } = measureRun(spec, lowered, run);
        return [
          ...flatten({ ...measured, trust: trustFleet(spec, lowered, run, catalog.errorBands(), measured.result) }),
        ];
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.issues.map((issue) => `refused: ${formatIssue(issue)}`);
      }
    };
    return Object.values(parse(textOf('test/golden/measured.yaml')))
      .flatMap(({ base, always, changes, more }) => {
        const data = change(parse(textOf(base)), always);
        const asked = (one) => measure(stringify(change(data, one)));
        const was = new Set(asked({}));
        return [
          ...changes.map((one) => whole(one, asked(one))),
          ...more.map((one) => tell(one, shortened(asked(one), was))),
        ];
      })
      .join('');
  };
}

const whole = (one, lines) => tell(one, [...lines.map(cut), `  ${sumOf(lines)}`]);
const tell = (one, lines) => `${JSON.stringify(one)}\n${lines.map((line) => `${line}\n`).join('')}`;

/** Lines that are shown of a change in `more`. */
const SHOWN = 8;

const cut = (line) => `  ${line.slice(0, 300)}`;

/** The first that `was` has not, and a sum over all. */
function shortened(lines, was) {
  const shown = lines.filter((line) => !was.has(line)).slice(0, SHOWN);
  return [...shown.map(cut), `  ${sumOf(lines)}`];
}
