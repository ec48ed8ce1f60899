// Texts that people paste: commands, start-up logs and spec files, as they are and (logs) with every line in its turn left out, or its
// figures 0.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const TEXTS = fileURLToPath(new URL('../test/golden/texts.yaml', import.meta.url));

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

export function openTexts(load) {
  return async () => {
    const { openCatalog, openQuestion, UserError, formatIssue } = await load('index');
    const [{ convert }, { parseEngineLog }] = [await load('commands/from-command'), await load('spec/engine-log')];
    const catalog = openCatalog({});
    const { commands, logs, specs } = parse(readFileSync(TEXTS, 'utf8'));
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
    const told = [
      ...commands.map((text) => `$ ${text.trimEnd()}\n${indented(attempt(() => read(text)))}`),
      ...logs.flatMap((log) =>
        [...variantsOf(log)].map(([words, text]) => `${words}: ${JSON.stringify(parseEngineLog(text, 'log'))}`),
      ),
      ...specs.map(
        (text) =>
          `${indented(text, '| ')}\n${indented(attempt(() => `${openQuestion(text, 'spec.yaml', catalog).rows} row`))}`,
      ),
    ];
    return `${told.join('\n')}\n`;
  };
}
