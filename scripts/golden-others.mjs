// Reports of results in which one figure is another, one after the other: what each word of a report hangs on. Nothing is simulated for it
// but the result that the figures stand in.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const spec = (name) => `test/golden/${name}.yaml`;
const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

/** What a figure, a word, a list is in its turn. */
function otherThan(value) {
  if (value === undefined || value === null) return [1];
  if (typeof value === 'number')
    return [0, Number.NaN, 1, Number((value * 1e3 + 2).toPrecision(3)), -1].filter((other) => !Object.is(other, value));
  if (typeof value === 'string') return value === '' ? ['another'] : ['', 'another'];
  if (typeof value === 'boolean') return [!value];
  if (Array.isArray(value)) return value.length === 0 ? [] : [[], value.slice(0, 1), [...value, ...value.slice(-1)]];
  return isPlain(value) ? [undefined] : [];
}

const isPlain = (value) => [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** Every place in it, with its path; of lists the first `most` entries. */
function listPlaces(value, most, path = []) {
  const inner = Array.isArray(value)
    ? value.slice(0, most).entries()
    : value && typeof value === 'object' && isPlain(value)
      ? Object.entries(value)
      : [];
  return [
    ...(path.length > 0 ? [path] : []),
    ...[...inner].flatMap(([key, one]) => listPlaces(one, most, [...path, key])),
  ];
}

const at = (value, path) => path.reduce((one, key) => one[key], value);

function withOther(value, [key, ...rest], other) {
  const copy = Array.isArray(value) ? [...value] : { ...value };
  if (rest.length > 0) copy[key] = withOther(value[key], rest, other);
  else if (other === undefined) delete copy[key];
  else copy[key] = other;
  return copy;
}

/** Lines that only one of them has, as far as somebody would read. */
function tellChanges(was, is) {
  const [before, after] = [new Set(was.split('\n')), new Set(is.split('\n'))];
  const only = (mark, lines, others) =>
    [...lines].filter((line) => !others.has(line)).map((line) => `  ${mark} ${line.trim().slice(0, 160)}`);
  const [gone, come] = [only('-', before, after), only('+', after, before)];
  const most = (lines) => (lines.length > 4 ? [...lines.slice(0, 3), `  ... ${lines.length - 3} more`] : lines);
  return [...most(come), ...(come.length === 0 ? most(gone) : [])];
}

/** What is another each time, and statistics that are read as their neighbours are. */
const LEFT_OUT = new Set(['seconds', 'workers', 'version', 'std', 'p90', 'p95', 'p999']);

/** `each`: so many of what every place may be (a fifth: at every fifth place one). */
async function tellOthers({ value, print, each, most = 2 }) {
  process.env.COLUMNS = '120';
  const was = await print(value);
  const lines = [];
  const places = listPlaces(value, most).filter((path) => !path.some((key) => LEFT_OUT.has(key)));
  let turn = 0;
  for (const [place, path] of places.entries()) {
    const others = otherThan(at(value, path));
    const count = Math.min(others.length, Math.floor((place + 1) * each) - Math.floor(place * each));
    for (let i = 0; i < count; i++) {
      const other = others[turn++ % others.length];
      const changes = await print(withOther(value, path, other)).then(
        (is) => tellChanges(was, is),
        () => null, // no result is like that
      );
      if (changes?.length > 0)
        lines.push(
          `${path.join('.')} = ${typeof other === 'number' ? other : (JSON.stringify(other) ?? 'absent')}`,
          ...changes,
        );
    }
  }
  return `${lines.join('\n')}\n`;
}

const shortened = (timeline, parts) => ({
  ...timeline,
  parts,
  clients: timeline.clients.map((one) =>
    Object.fromEntries(Object.entries(one).map(([name, curve]) => [name, curve?.slice(0, parts) ?? curve])),
  ),
});

/** What each command prints, by its result; `load` gives a module of the sources, or of what was built of them. */
const RESULTS = {
  async run(load, name) {
    const { openCatalog, openQuestion, openSession, prepareFleet, planMeasuring, runFleet, measureRun, ...print } =
      await load('index');
    const [{ trustFleet }, { contextOf }] = [await load('metrics/fleet/trust'), await load('report/fleet/context-of')];
    const catalog = openCatalog({});
    const asked = openQuestion(textOf(spec(name)), spec(name), catalog).at(0).spec;
    const lowered = prepareFleet(asked, catalog, openSession(catalog));
    const steps = [];
    const onSteps = (batch) => void steps.push(...batch);
    const run = runFleet(lowered.program, { leap: 'none', onSteps, ...planMeasuring(asked, lowered, false) });
    const measured = measureRun(asked, lowered, run, { steps });
    const timeline = shortened(measured.timeline, 4); // long curves change with no figure
    const trust = trustFleet(asked, lowered, run, catalog.errorBands(), measured.result);
    const { text: _, ...context } = contextOf(asked, lowered, catalog);
    return {
      value: { result: measured.result, context: { ...context, trust } },
      print: async ({ result, context }) =>
        [
          print.fleetTable(result, context),
          JSON.stringify(print.fleetJson(result, context), null, 1),
          print.fleetHtml({ ...measured, result, timeline }, context).replaceAll('<', '\n<'),
        ].join('\n'),
    };
  },
  async sweep(load, name) {
    const { openCatalog, openQuestion, sweep, sweepTable, sweepJson } = await load('index');
    const [answer, tables, { describeFailure }] = await Promise.all(
      ['report/html-answer', 'report/html-tables', 'report/answer'].map(load),
    );
    const catalog = openCatalog({});
    const found = await sweep(openQuestion(textOf(spec(name)), spec(name), catalog), catalog, { workers: 1 });
    const { first, kept, ...rest } = found;
    const missed = kept.find(({ result }) => result && !result.slo_met);
    const ranked = [...new Set([...kept.slice(0, 2), ...(missed ? [missed] : []), ...kept.slice(2, 6)])];
    return {
      value: { ...rest, kept: ranked },
      most: 3,
      print: async (other) => {
        const result = { first, ...other };
        const { seconds: _, digest: __, ...json } = sweepJson(result);
        const pages = [answer.drawHero, answer.drawStrip, tables.drawHardware, tables.drawRanking, tables.drawTried];
        return [
          sweepTable(result),
          JSON.stringify(json, null, 1),
          ...result.kept.filter((row) => row.result).map(describeFailure),
          ...pages.map((draw) => String(draw(result).text ?? draw(result)).replaceAll('<', '\n<')),
        ].join('\n');
      },
    };
  },
  async 'max-load'(load, name) {
    const { openCatalog, openQuestion } = await load('index');
    const [{ probeLoads }, { maxLoadTable, maxLoadJson }] = [
      await load('run/probe-load'),
      await load('report/max-load'),
    ];
    const catalog = openCatalog({});
    const asked = openQuestion(textOf(spec(name)), spec(name), catalog).at(0).spec;
    const { spec: _, ...value } = await probeLoads(asked, catalog, { tolerance: 0.1 });
    return {
      value,
      print: async (other) => {
        const answer = { ...other, spec: asked };
        return `${maxLoadTable(answer)}\n${JSON.stringify(maxLoadJson(answer, ''), null, 1)}`;
      },
    };
  },
  async against(load, [name, against, over]) {
    const { openCatalog, openQuestion } = await load('index');
    const [{ breakEven }, { breakEvenTable, breakEvenJson }] = [
      await load('run/break-even'),
      await load('report/break-even'),
    ];
    const catalog = openCatalog({});
    const [a, b] = [name, against].map((one) => openQuestion(textOf(spec(one)), spec(one), catalog).at(0).spec);
    const value = await breakEven(a, b, catalog, { over, objective: 'usd_per_hour', tolerance: 0.1 });
    return {
      value,
      print: async (answer) => `${breakEvenTable(answer)}\n${JSON.stringify(breakEvenJson(answer), null, 1)}`,
    };
  },
  async size(load, name) {
    const { mist } = await load('index');
    const { sizeTable, sizeJson } = await load('report/size');
    const { deployment, ...asked } = parse(textOf(spec(name)));
    const { answers, ...rest } = await mist.size(
      { ...asked, deployment: { ...deployment, replicas: [1, 2] } },
      { workers: 1 },
    );
    const slim = answers.map(({ result: { kept, ...result }, ...answer }) => ({
      ...answer,
      result: { ...result, kept: kept.slice(0, 2) },
    }));
    return {
      value: { ...rest, answers: slim },
      most: 2,
      print: async (sized) => {
        const { kept: _, ...json } = sizeJson(sized, '');
        return `${sizeTable(sized)}\n${JSON.stringify(json, null, 1)}`;
      },
    };
  },
};

/** By what is printed of which spec: what changes with every figure of it. */
export const openOthers = (load) => async (of, name, each) => tellOthers({ ...(await RESULTS[of](load, name)), each });
