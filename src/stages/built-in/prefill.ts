// prefill: the whole context through the model; opens a generation, which is laid out here: one visit where one engine does it
// all, two with a transfer where it does not, branches for thoughts. What a step costs is the surface that llm-ops.ts leads to.
import { FLAG_RESIDENT } from '../../../assembly/layout/enums.ts';
import {
  addPrompt,
  afterAnswer,
  type Decode,
  type Generation,
  handOn,
  hashWritten,
  layPrompt,
  type Prefill,
  type Reason,
} from '../generation.ts';
import { type Build, firstPool, type Laid, type Lay, type Place, type State, type Walker } from '../laying.ts';
import type { Listed, Stage } from '../stage.ts';
import { layThinking } from '../thinking.ts';

export const prefill = {
  type: 'prefill',
  words: 'The whole context through the model, up to the first token.',
  needs: ['llm'],
  asks: 'generate',
  role: 'prefill',
  opens: true,
  parameters: ({ on, lengthTokens }) => ({
    on,
    bypass_below: lengthTokens()
      .optional()
      .describe('Prompts below this many tokens are prefilled where they decode; none if left out.'),
  }),
  examples: () => [{}, { bypass_below: 100 }],
  read: ({ on, number }) => ({ on, bypassBelow: number('bypass_below', 0) }),
  lay: (build, stage, place) => layGeneration(compile(build, stage, place)),
} as const satisfies Stage<Prefill>;

function layGeneration(generation: Generation): Lay {
  const { writer } = generation.build;
  const lay = layTokens(generation);
  return (walker, before, state) => {
    const from = writer.count;
    const { ends, state: left } = lay(walker, before, state);
    return { ends, state: { ...left, answers: [...left.answers, { from, to: writer.count }] } };
  };
}

function layTokens(generation: Generation): Lay {
  const { reason } = generation;
  return (walker, before, state) => {
    const answer = generation.decode ? (generation.nextAnswer?.() ?? walker.answer) : 1;
    if (reason) return layThinking(generation, reason, answer, walker, before, state);
    const short = state.context < generation.prefill.bypassBelow;
    if (generation.together || short || answer === 1) return layWhole(generation, answer, walker, before, state);
    return layApart(generation, answer, walker, before, state);
  };
}

function compile(build: Build, own: Listed & Prefill, { label, run }: Place): Generation {
  const reason = run.find((stage): stage is Listed & Reason => stage.type === 'reason') ?? null;
  const decode = run.find((stage): stage is Listed & Decode => stage.type === 'decode') ?? null;
  const on = reason?.on ?? decode?.on ?? own.on;
  const together = on.join() === own.on.join();
  const { pool, layers } = firstPool(build, own.on);
  // one visit does both: its queue and service are those of the two together
  const merged = together && decode !== null && reason === null;
  const choices = reason ? build.draws(reason) : null;
  return {
    build,
    prefill: own,
    reason,
    decode,
    stages: {
      prefill: build.stage(label + (merged ? `${own.name}+${decode.name}` : own.name), 'prefill'),
      reason: reason ? build.stage(label + reason.name, 'think') : -1,
      decode: decode && !merged ? build.stage(label + decode.name, 'decode') : -1,
      reward: reason?.reward ? build.stage(`${label}${reason.name} reward`) : -1,
    },
    on,
    together,
    layers: pool.transfer === 'layer-wise' ? layers : 0,
    nextAnswer: decode?.output ? build.draws(decode).lengths(decode.output) : null,
    nextThought: reason?.output && choices ? choices.lengths(reason.output) : null,
    nextChoice: (paths) => (choices && paths > 1 ? Math.floor(choices.uniform() * paths) : 0),
  };
}

/** One engine prefills and decodes in one visit: where the pools are the same, or the prompt too short to hand on. */
function layWhole(
  generation: Generation,
  answer: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): Laid {
  const { build, prefill: own, together } = generation;
  const pools = together || (answer === 1 && state.context >= own.bypassBelow) ? own.on : generation.on;
  const visit = addPrompt(generation, pools, answer, walker, before, state);
  // a prefill pool is asked for the first token only
  if (generation.decode && (together || pools !== own.on)) build.writer.ask(visit, build.asked(answer));
  return { ends: [visit], state: afterAnswer(generation, state, answer) };
}

/** Prefill here, decode there: the prompt's KV cache goes over. */
function layApart(
  generation: Generation,
  answer: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): Laid {
  const { build, stages, on } = generation;
  const { writer } = build;
  const visit = layPrompt(generation, walker, before, state);
  const { group, local } = build.groups.after(on, walker.cell);
  const decode = writer.add(stages.decode, group, state.context + 1, answer - 1);
  writer.addFlags(decode, FLAG_RESIDENT);
  writer.ask(decode, build.asked(answer) - 1);
  if (local) writer.stayWith(decode, visit);
  if (build.chains) hashWritten(build, walker, on, decode, state, answer);
  handOn(generation, visit, decode, state);
  return { ends: [decode], state: afterAnswer(generation, state, answer) };
}
