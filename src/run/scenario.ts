// Which axes of a sweep belong to the question: the answer is asked for each of their values by itself.

/** Sections of a document that say what is to be served, how well, and how devices are paid for. */
const ASKED = ['workload', 'pipelines', 'slo', 'budget', 'price_sheet', 'ownership'];

export function isAsked(axis: string): boolean {
  return ASKED.some((section) => axis === section || axis.startsWith(`${section}.`));
}

/** The question that a row answers, in words: "request_rate 20, seed 1"; '' where all rows answer one. */
export function scenarioOf(choices: ReadonlyMap<string, string>): string {
  const asked = [...choices].filter(([axis]) => isAsked(axis));
  return asked.map(([axis, value]) => `${axis.split('.').slice(1).join('.') || axis} ${value}`).join(', ');
}
