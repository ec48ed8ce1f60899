// The question that a row answers, in words.
import type { Question } from '../spec/question.ts';

/** "request_rate 20, seed 1"; '' where all rows answer one. */
export function scenarioOf(choices: ReadonlyMap<string, string>, { asks }: Pick<Question, 'asks'>): string {
  const asked = [...choices].filter(([axis]) => asks(axis));
  return asked.map(([axis, value]) => `${axis.split('.').slice(1).join('.') || axis} ${value}`).join(', ');
}
