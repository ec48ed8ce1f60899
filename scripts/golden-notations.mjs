// How a spec may be written: small changes of a spec, each by itself, and what is read differently then, or why it is refused.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

/** `{deployment.replicas: 2}` set in a document; null: left out. */
export function change(data, changes) {
  const changed = structuredClone(data);
  for (const [place, value] of Object.entries(changes)) {
    const path = place.split('.');
    const last = path.pop();
    let at = changed;
    for (const key of path) {
      at[key] ??= {};
      at = at[key];
    }
    if (value === null) delete at[last];
    else at[last] = value;
  }
  return changed;
}

/** Every value with its path, a line each. */
function flatten(value, path = '') {
  if (value === null || typeof value !== 'object' || value instanceof Function) return [`${path} = ${String(value)}`];
  const entries = value instanceof Map || value instanceof Set ? [...value.entries()] : Object.entries(value);
  if (entries.length === 0) return [`${path} = ${Array.isArray(value) ? '[]' : '{}'}`];
  return entries.flatMap(([key, one]) =>
    key === 'path' ? [] : flatten(one, path === '' ? String(key) : `${path}.${key}`),
  );
}

/** What a spec is read as: its first and its last row, its axes, and how it is explained. */
function tellReading(text, { catalog, openQuestion, UserError, formatIssue, explain }) {
  try {
    const question = openQuestion(text, 'spec.yaml', catalog);
    const { rows, axes, objective, top, first } = question;
    const last = question.at(rows - 1).spec;
    const told = { rows, axes: axes.map(({ name, labels }) => `${name}: ${labels.join(', ')}`), objective, top };
    const lines = flatten({ ...first, text: '' });
    const known = new Set(lines);
    const others = flatten({ ...last, text: '' }).filter((line) => !known.has(line));
    return [...lines, ...others.map((line) => `last row: ${line}`), ...flatten(told), ...explain(question).split('\n')];
  } catch (error) {
    if (error instanceof UserError) return error.issues.map((issue) => `refused: ${formatIssue(issue)}`);
    throw error;
  }
}

/** Lines that are shown of a change: all that somebody would read. */
const MOST = 12;

export function openNotations(load) {
  return async (name) => {
    const { openCatalog, openQuestion, UserError, formatIssue } = await load('index');
    const [{ explainFleetSpec }, { explainPools }, { explainAxes }] = await Promise.all(
      ['explain', 'explain-pools', 'explain-rows'].map((file) => load(`spec/fleet/${file}`)),
    );
    const explain = (question) =>
      [
        explainFleetSpec(question.first),
        explainPools(question),
        question.axes.length > 0 ? explainAxes(question) : '',
      ].join('\n');
    const rooms = { catalog: openCatalog({}), openQuestion, UserError, formatIssue, explain };
    const { base, always = {}, changes } = parse(textOf('test/golden/notations.yaml'))[name];
    const data = change(parse(textOf(base)), always);
    const was = new Set(tellReading(stringify(data), rooms));
    return changes
      .map((one) => {
        const lines = tellReading(stringify(change(data, one)), rooms).filter((line) => !was.has(line));
        const shown =
          lines.length > MOST ? [...lines.slice(0, MOST - 1), `... ${lines.length - MOST + 1} more`] : lines;
        return `${JSON.stringify(one)}\n${shown.map((line) => `  ${line.trimEnd().slice(0, 200)}\n`).join('')}`;
      })
      .join('');
  };
}
