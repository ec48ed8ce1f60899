// Every row of a space simulated, once for all questions that differ in what they want of it alone: such questions rank the same runs.
import type { Catalog } from '../../src/catalog/open.ts';
import { rankRows, type SweepResult } from '../../src/metrics/sweep.ts';
import { sweep } from '../../src/run/sweep.ts';
import { tellApart } from '../../src/run/tell-apart.ts';
import { openQuestion } from '../../src/spec/question.ts';

const WANTED = /^(objective|pareto|top): .*\n?/gm;
const known = new Map<string, Promise<SweepResult>>();

export async function exhaustive(text: string, catalog: Catalog): Promise<SweepResult> {
  const space = text.replace(WANTED, '').trim();
  const question = openQuestion(text, 'space.yaml', catalog);
  const ran = known.get(space) ?? sweep(question, catalog, { workers: 1, exhaustive: true });
  known.set(space, ran);
  const { objective, top, pareto } = question;
  const { kept, ...all } = await ran;
  return { ...all, objective, top, kept: rankRows(kept, objective, tellApart(question).deploymentOf, pareto) };
}
