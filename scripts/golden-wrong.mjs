// Specs with one mistake each, made of a right one: every value in its turn is none of its kind, beyond its limits, or of another key.
import { isScalar, parseDocument, visit } from 'yaml';

/** What stands for a number, and for a word, when it is wrong. */
const WRONG = { number: [-1, 1e300, 0.5, 'many', [], { of: 1 }], string: [0, '', {}, ['x', 'x']], boolean: ['maybe'] };

/** At every place `each` of them (a half: at every other place), not the same everywhere; `words`: what was done where; `text`: the spec that it made. */
export function listWrongs(text, each) {
  const places = [];
  visit(parseDocument(text), {
    Pair: (_, { key, value }, path) => {
      const at = [...path.filter((node) => node.key !== undefined).map((node) => node.key.value), key.value];
      places.push({ at: at.join('.'), scalar: isScalar(value) ? value.value : undefined });
    },
  });
  return places.flatMap(({ at, scalar }, place) => {
    const misspelt = edit(text, place, `${at} misspelt`, (pair) => {
      pair.key.value = `${pair.key.value}s`;
    });
    const values = scalar === undefined ? [{ of: 1 }, 'x', []] : [`${scalar}x`, ...(WRONG[typeof scalar] ?? [])];
    const others = values.map((value) =>
      edit(text, place, `${at}: ${JSON.stringify(value)}`, (pair, document) => {
        pair.value = document.createNode(value, { flow: true });
      }),
    );
    const all = [misspelt, ...others];
    const count = Math.floor((place + 1) * each) - Math.floor(place * each);
    return Array.from({ length: count }, (_, i) => all[(place * 5 + i * 3) % all.length]);
  });
}

function edit(text, place, words, change) {
  const document = parseDocument(text);
  let count = -1;
  visit(document, {
    Pair: (_, pair) => {
      if (++count === place) change(pair, document);
      return count >= place ? visit.BREAK : undefined;
    },
  });
  return { words, text: document.toString({ lineWidth: 0 }) };
}

/** What is wrong in a spec, by the functions of the sources or of what was built of them. */
export function openMistakes({ openCatalog, openQuestion, formatIssue, UserError }) {
  const catalog = openCatalog({});
  return (text) => {
    try {
      openQuestion(text, 'spec.yaml', catalog);
      return [];
    } catch (error) {
      if (error instanceof UserError) return error.issues.map(formatIssue);
      throw error;
    }
  };
}
