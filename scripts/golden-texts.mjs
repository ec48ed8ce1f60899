// Texts that people paste: commands, start-up logs and spec files, as they are and (logs) with every line in its turn left out, or its
// figures 0; values that are set on a spec from outside, and specs as they are written out.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

const indented = (text, mark = '  ') =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `${mark}${line}`.trimEnd())
    .join('\n');

/** The log itself, then without its line i, then with a 0 for every figure of that line. */
function* variantsOf(log) {
  yield ['as it is', log];
  const lines = log.split('\n');
  for (const i of lines.keys()) {
    if (lines[i] === '') continue;
    yield [`without line ${i + 1}`, lines.filter((_, at) => at !== i).join('\n')];
    yield [
      `line ${i + 1} with zeros`,
      lines.map((line, at) => (at === i ? line.replace(/\d[\d,.]*/g, '0') : line)).join('\n'),
    ];
  }
}

/** Deeper than anybody reads, and as deep as somebody may. */
const DEEP = [
  `name: ${'['.repeat(1001)}`,
  `name: ${'{a: '.repeat(1000)}`,
  `name: ${'['.repeat(120)}${']'.repeat(120)}\n`,
  `name: ${'- '.repeat(220)}`,
];

export function openTexts(load) {
  return async () => {
    const { openCatalog, openQuestion, UserError, formatIssue } = await load('index');
    const [{ convert }, { parseEngineLog }, { writeSpecDocument }, { readSetValues, setValues, blameSetValues }] =
      await Promise.all(['commands/from-command', 'spec/engine-log', 'spec/document', 'spec/set-values'].map(load));
    const catalog = openCatalog({});
    const { commands, logs, specs, sets, written, steps } = parse(textOf('test/golden/texts.yaml'));
    const attempt = (act) => {
      try {
        return act();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.issues.map((issue) => `refused: ${formatIssue(issue)}`).join('\n');
      }
    };
    const read = (from) => {
      const { text, words } = convert(
        { from: [from], hardware: 'h200-sxm-141gb', ...(/specul/.test(from) ? { acceptance: '0.7' } : {}) },
        catalog,
      );
      return [text, ...words].join('\n');
    };
    /** Lines that the spec has with these values, and what is wrong with them, by flag or by line of the spec as it was. */
    const set = ({ of, values }) => {
      const text = of.includes('\n') ? of : textOf(of);
      return attempt(() => {
        const read = readSetValues(values);
        const is = setValues(text, read);
        const was = text.split('\n');
        const lines = is.split('\n').filter((line) => !was.includes(line));
        try {
          const { rows, axes } = openQuestion(is, 'spec.yaml', catalog);
          return [...lines, `${rows} rows of ${axes.map(({ name }) => name).join(', ') || 'one'}`].join('\n');
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          throw new UserError(error.issues.map((issue) => blameSetValues(issue, read, text)));
        }
      });
    };
    const ask = (text) => {
      const { rows, axes } = openQuestion(text, 'spec.yaml', catalog);
      return [`${rows} row`, ...axes.map(({ name, labels }) => `${name}: ${labels.join(', ')}`)].join('\n');
    };
    const [{ readWork }] = [await load('plan/read-work')];
    const step = ([prefill, decode]) => {
      const issues = [];
      const work = readWork(prefill ?? undefined, decode ?? undefined, issues);
      return [JSON.stringify(work), ...issues.map((issue) => `refused: ${formatIssue(issue)}`)].join('\n');
    };
    const told = [
      ...commands.map((text) => `$ ${text.trimEnd()}\n${indented(attempt(() => read(text)))}`),
      ...logs.flatMap((log) =>
        [...variantsOf(log)].map(([words, text]) => `${words}: ${JSON.stringify(parseEngineLog(text, 'log'))}`),
      ),
      ...[...specs, ...DEEP].map(
        (text) =>
          `${indented(text.length > 400 ? `${text.slice(0, 9)}... of ${text.length}` : text, '| ')}\n${indented(attempt(() => ask(text)))}`,
      ),
      ...sets.map((one) => `${JSON.stringify(one)}\n${indented(set(one))}`),
      ...steps.map((one) => `step ${JSON.stringify(one)}\n${indented(step(one))}`),
      ...written.map((file) => `${file} written out\n${indented(writeSpecDocument(parse(textOf(file))))}`),
    ];
    return `${told.join('\n')}\n`;
  };
}
