// What specs come to before anything is simulated: instances, prices of steps, KV blocks, links and visits, in figures. Of a column, which
// may be of millions of numbers, its sum and where in it that lies.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { change } from './golden-notations.mjs';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

const shortly = (value, digits = 6) =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
/** Of a column, where one number among thousands may be another; of what is summed up. */
const DIGITS = 10;

/** A number for all lines together, which tells of every change in any of them. */
export function sumOf(lines) {
  const all = lines.join('\n');
  let sum = 0;
  for (let i = 0; i < all.length; i++) sum = (Math.imul(sum, 31) + all.charCodeAt(i)) | 0;
  return `of ${lines.length} lines, whose sum is ${sum >>> 0}`;
}

/** "480 numbers, sum 12.5 around 31.2, logs -80.1": of figures of many sizes the sum of logarithms says what the sum does not. */
function tellColumn(column) {
  let [sum, moment, logs, unknown] = [0, 0, 0, 0];
  column.forEach((value, i) => {
    const number = Number(value);
    if (!Number.isFinite(number)) unknown++;
    else if (number !== 0) {
      sum += number;
      moment += i * number;
      logs += Math.log(Math.abs(number));
    }
  });
  const around = sum === 0 ? '' : ` around ${shortly(moment / sum, DIGITS)}, logs ${shortly(logs, DIGITS)}`;
  return `${column.length} numbers, sum ${shortly(sum, DIGITS)}${around}${unknown > 0 ? `, ${unknown} not finite` : ''}`;
}

const isColumn = (value) =>
  ArrayBuffer.isView(value) || (Array.isArray(value) && value.length > 8 && typeof value[0] === 'number');
const isNothing = (value) => value === null || value === undefined || value === false || typeof value === 'function';
const isPart = (value) => typeof value === 'object' && value !== null && !isColumn(value);

/** Of many things alike the first two, of many lists the first few. */
function someOf(entries, path) {
  const kind = ([, { name = '' }]) => name.replace(/-\d+.*$/, '');
  if (path.at(-1) === 'clients')
    return entries.filter((one, i) => i < 2 || [1, 2].some((back) => kind(one) !== kind(entries[i - back])));
  return entries.length > 40 ? entries.slice(0, 6) : entries;
}

/** A line for every object with its figures, one for every column; nothing that is nothing. */
export function* flatten(value, path = [], digits = 6) {
  if (isNothing(value)) return;
  if (isColumn(value)) yield `${path.join('.')}: ${tellColumn(value)}`;
  if (!isPart(value)) return;
  const entries = Object.entries(value instanceof Map ? Object.fromEntries(value) : value);
  const figures = entries.filter(([, one]) => !isNothing(one) && !isPart(one) && !isColumn(one));
  const shown = figures.map(([key, one]) => `${key} ${typeof one === 'number' ? shortly(one, digits) : one}`);
  if (shown.length > 0) yield `${path.join('.')}: ${shown.join(', ')}`;
  const parts = entries.filter(([, one]) => !isNothing(one) && (isPart(one) || isColumn(one)));
  for (const [key, one] of someOf(parts, path)) yield* flatten(one, [...path, key], digits);
}

/** Examples, and plain deployments of every kind of model, split, format and limit. */
export function openLowered(load) {
  return async (files) => {
    const { openCatalog, openQuestion, openSession, prepareFleet, UserError, formatIssue } = await load('index');
    const { weighFleet } = await load('plan/pipeline/weigh-fleet');
    const catalog = openCatalog({});
    const session = openSession(catalog);
    const asked = files.map((file) => [file, textOf(file), file, '']);
    for (const [of, { base, always, changes }] of Object.entries(parse(textOf('test/golden/lowered.yaml')))) {
      const data = change(parse(textOf(base)), always);
      asked.push(...changes.map((one) => [JSON.stringify(one), stringify(change(data, one)), '', of]));
    }
    const firsts = {};
    return asked
      .map(([name, text, file, of]) => {
        const all = lower(text, file);
        if (file === '') firsts[of] ??= new Set(all);
        const lines = file === '' && name !== '{}' ? all.filter((line) => !firsts[of].has(line)) : all;
        return `${name}\n${lines.map((line) => `  ${line.slice(0, 300)}\n`).join('')}  ${sumOf(all)}\n`;
      })
      .join('');

    function lower(text, file) {
      try {
        const { spec } = openQuestion(text, file, catalog).at(0);
        const { pools: _, ...weight } = weighFleet(spec, catalog);
        return [...flatten({ ...prepareFleet(spec, catalog, session), weight })];
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.issues.map((issue) => `refused: ${formatIssue(issue)}`);
      }
    }
  };
}
