// How rows of a question are told apart: which scenario each answers, and what is bought.
import type { Question } from '../spec/question.ts';
import { onePool } from '../spec/shape.ts';
import { deploymentName } from './candidates.ts';
import { openConfigurations } from './grid.ts';
import type { Searching } from './prove.ts';
import { scenarioOf } from './scenario.ts';

/** Of one pool deployments are settings that share surface, replicas and rate. */
export function tellApart(question: Question): Omit<Searching, 'pool' | 'runs' | 'watch'> {
  const { objective, top, settle, axes } = question;
  const shape = onePool(question);
  const configurationAt = shape ? openConfigurations(question, shape) : null;
  const isOne = !axes.some(({ name }) => question.asks(name));
  return {
    ...{ objective, top, settle },
    scenarioOf: isOne ? () => '' : (row) => scenarioOf(question.choicesAt(row), question),
    deploymentOf: configurationAt ? (row) => deploymentName(configurationAt(row)) : String,
  };
}
