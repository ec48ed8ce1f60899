// Which axes of a document belong to the question and not to the answer: the answer is asked for each of their values by itself.
import { parametersIn } from './parameters.ts';

/** Sections of a document that say what is to be served, how well, and how devices are paid for. */
const ASKED = ['workload', 'pipelines', 'slo', 'budget', 'price_sheet', 'ownership'];

/** A parameter belongs to the question where anything of the question is worked out from it. */
export function openAsked(data: unknown): (axis: string) => boolean {
  const asked = new Set([...ASKED, ...askedParameters(data).map((name) => `let.${name}`)]);
  return (axis) => [...asked].some((section) => axis === section || axis.startsWith(`${section}.`));
}

function askedParameters(data: unknown): string[] {
  const names = parametersIn(data);
  if (names.length === 0) return [];
  const document = data as Readonly<Record<string, unknown>>;
  const given = document.let as Readonly<Record<string, unknown>>;
  const used = new Set(ASKED.flatMap((section) => namesUsed(document[section], names)));
  for (let before = -1; before < used.size; ) {
    before = used.size;
    for (const name of [...used]) for (const inner of namesUsed(given[name], names)) used.add(inner);
  }
  return [...used];
}

/** Parameters that the texts of a part speak of. */
function namesUsed(value: unknown, names: readonly string[]): string[] {
  if (typeof value === 'string') return (value.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => names.includes(word));
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((inner) => namesUsed(inner, names));
}
