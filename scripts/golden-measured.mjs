// What is measured of small runs, figure by figure.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { flatten } from './golden-lowered.mjs';
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
        const asked = (one) => measure(stringify(change(data, one))).map((line) => `  ${line.slice(0, 300)}`);
        const was = new Set(asked({}));
        return [
          ...changes.map((one) => tell(one, asked(one))),
          ...more.map((one) => tell(one, shortened(asked(one), was))),
        ];
      })
      .join('');
  };
}

const tell = (one, lines) => `${JSON.stringify(one)}\n${lines.map((line) => `${line}\n`).join('')}`;

/** Lines that are shown of a change in `more`. */
const SHOWN = 8;

/** The first that `was` has not, and of all a sum that tells of every change in any. */
function shortened(lines, was) {
  const all = lines.join('\n');
  let sum = 0;
  for (let i = 0; i < all.length; i++) sum = (Math.imul(sum, 31) + all.charCodeAt(i)) | 0;
  const shown = lines.filter((line) => !was.has(line)).slice(0, SHOWN);
  return [...shown, `  of ${lines.length} lines, whose sum is ${sum >>> 0}`];
}
