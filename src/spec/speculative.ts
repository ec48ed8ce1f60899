// `speculative_config`: what is drafted, by what, and how much of it is accepted. Plain specs and pools read it alike.
import { z } from 'zod';
import type { WeightFormat } from '../catalog/types.ts';
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Mistake } from './fleet/ledger.ts';
import { count, name, section, share, word } from './leaf.ts';
import { WEIGHT_FORMATS } from './words.ts';

/** vLLM's words: a smaller model, the model's own multi-token-prediction layer, EAGLE heads, or look-ups in the prompt. */
export const DRAFT_METHODS = ['draft_model', 'mtp', 'eagle', 'eagle3', 'ngram'] as const;
export type DraftMethod = (typeof DRAFT_METHODS)[number];

/** More drafts than anybody makes. */
export const MOST_DRAFTS = 32;

export interface SpeculativeConfig {
  readonly method: DraftMethod;
  /** draft_model: catalog id or path of a config.json. EAGLE: the head's checkpoint, for the launch command. Else ''. */
  readonly model: string;
  /** Weights of the draft model. */
  readonly quantization: WeightFormat | 'auto';
  /** 0 = as the model it drafts for. */
  readonly draft_tensor_parallel_size: number;
  /** Probability that at least the first 1, 2, ... drafts are accepted: never rising, one for each draft of the longest. */
  readonly acceptance: readonly number[];
}

const CHANCE = 'a probability from 0 to 1, such as 0.7 or 70%';
const chance = share(CHANCE);
const chances = z.array(chance, { error: `a list of probabilities` }).min(1, { error: 'at least one probability' });
const ACCEPTANCE = 'a probability, or a list of them, one for each draft';

const NUMBER_WORDS = 'Tokens drafted for each decode; 0 = none. Required.';
export const speculativeSection = section(
  {
    method: word(DRAFT_METHODS)
      .optional()
      .describe(
        'What drafts: a smaller model, the MTP layer of the model, an EAGLE head, or n-grams of the prompt. Required.',
      ),
    num_speculative_tokens: count(0, MOST_DRAFTS).optional().describe(NUMBER_WORDS),
    model: name('a model of the catalog, or the path of a config.json')
      .optional()
      .describe('draft_model: the model that drafts. EAGLE: name of the head, for the launch command.'),
    quantization: word(WEIGHT_FORMATS)
      .optional()
      .describe("draft_model: format of its weights; its checkpoint's if left out."),
    draft_tensor_parallel_size: count(1, 4096)
      .optional()
      .describe("draft_model: devices that share its layers; the model's if left out."),
    acceptance: z
      .union([chance, chances], { error: ACCEPTANCE })
      .optional()
      .describe('Probability that a draft is accepted if those before it were; one for all, or one for each.'),
    per_position_acceptance_rates: chances
      .optional()
      .describe('Instead of acceptance: the share of drafts whose position 1, 2, ... was accepted, as vLLM logs it.'),
  },
  '{method, num_speculative_tokens, acceptance, ...}',
);

type Written = string | number;
export interface SpeculativeInput {
  readonly method?: DraftMethod;
  readonly num_speculative_tokens?: unknown;
  readonly model?: string;
  readonly quantization?: WeightFormat | 'auto';
  readonly draft_tensor_parallel_size?: Written;
  readonly acceptance?: Written | readonly Written[];
  readonly per_position_acceptance_rates?: readonly Written[];
}

/** What the reader needs of its surroundings. */
export interface SpeculativeWorld {
  readonly path: Path;
  /** Drafts of the longest asked for. */
  readonly longest: number;
  /** Least token budget of a step that is given; Infinity where the profile decides. */
  readonly budget: number;
  /** Whether the spec prices steps itself, so that nothing need be known of the draft model. */
  readonly ownPrice: boolean;
  readModel(text: string, path: Path): string;
  add(fault: Mistake): void;
}

/** Reads a well-formed section; null where something that it cannot do without is missing or wrong, which is added. */
export function readSpeculative(input: SpeculativeInput, world: SpeculativeWorld): SpeculativeConfig | null {
  const at = (key: keyof SpeculativeInput): Path => [...world.path, key];
  if (input.num_speculative_tokens === undefined)
    world.add({
      path: at('num_speculative_tokens'),
      expected: 'how many tokens are drafted for each decode',
      received: 'nothing',
    });
  if (world.budget < 1 + world.longest) {
    const expected = `at most ${world.budget - 1}: a decode takes one token of max_num_batched_tokens and one for each draft`;
    world.add({ path: at('num_speculative_tokens'), expected, received: String(world.longest) });
  }
  const acceptance = readAcceptance(input, world, at);
  const { method } = input;
  if (method === undefined) {
    world.add({ path: at('method'), expected: `one of ${DRAFT_METHODS.join(', ')}`, received: 'nothing' });
    return null;
  }
  refuseForeign(input, method, world, at);
  if (method === 'draft_model' && input.model === undefined && !world.ownPrice) {
    world.add({ path: at('model'), expected: 'the model that drafts', received: 'nothing' });
    return null;
  }
  if (!acceptance) return null;
  const named = input.model ?? '';
  return {
    method,
    model: method === 'draft_model' && named !== '' ? world.readModel(named, at('model')) : named,
    quantization: input.quantization ?? 'auto',
    draft_tensor_parallel_size: measured(input.draft_tensor_parallel_size ?? 0, 'number'),
    acceptance,
  };
}

type At = (key: keyof SpeculativeInput) => Path;

/** Keys that say nothing of this method are mistakes, not silence. */
function refuseForeign(input: SpeculativeInput, method: DraftMethod, world: SpeculativeWorld, at: At): void {
  if (method === 'draft_model') return;
  for (const key of ['quantization', 'draft_tensor_parallel_size'] as const) {
    if (input[key] === undefined) continue;
    world.add({
      path: at(key),
      expected: `nothing: ${method} goes with the model it drafts for`,
      received: show(input[key]),
    });
  }
  if (input.model === undefined || method.startsWith('eagle')) return;
  world.add({ path: at('model'), expected: `no model: ${method} has none of its own`, received: show(input.model) });
}

/** Probabilities that at least 1, 2, ... drafts are accepted, from one spelling or the other. */
function readAcceptance(input: SpeculativeInput, world: SpeculativeWorld, at: At): number[] | null {
  const { acceptance: given, per_position_acceptance_rates: rates } = input;
  if (given === undefined && rates === undefined) {
    const hint =
      'it depends on model, draft and text, so there is no default: vLLM logs it (per_position_acceptance_rates)';
    world.add({ path: at('acceptance'), expected: ACCEPTANCE, received: 'nothing', hint });
    return null;
  }
  if (given !== undefined && rates !== undefined) {
    const expected = 'acceptance or per_position_acceptance_rates, not both';
    world.add({ path: at('per_position_acceptance_rates'), expected, received: 'both' });
    return null;
  }
  const key = rates === undefined ? 'acceptance' : 'per_position_acceptance_rates';
  const list = (rates ?? given) as Written | readonly Written[];
  const each = Array.isArray(list) ? list.map((one) => measured(one, 'share')) : [];
  if (Array.isArray(list) && each.length < world.longest) {
    const expected = `at least ${world.longest} probabilities, one for each draft`;
    world.add({ path: at(key), expected, received: `${each.length}` });
    return null;
  }
  if (rates !== undefined) {
    const rise = each.findIndex((rate, i) => i > 0 && rate > each[i - 1]!);
    if (rise < 0) return each.slice(0, world.longest);
    const expected = `at most ${each[rise - 1]}: position ${rise + 1} is accepted only where position ${rise} is`;
    world.add({ path: [...at(key), rise], expected, received: String(each[rise]) });
    return null;
  }
  const one = Array.isArray(list) ? 0 : measured(list as Written, 'share');
  const chances: number[] = [];
  for (let i = 0; i < world.longest; i++) chances.push((chances[i - 1] ?? 1) * (each[i] ?? one));
  return chances;
}

/** Tokens that a decode gains on average: its own and the drafts that are accepted. */
export function expectedAdvance(config: Pick<SpeculativeConfig, 'acceptance'> | undefined, drafts: number): number {
  let tokens = 1;
  for (let i = 0; i < drafts; i++) tokens += config?.acceptance[i] ?? 0;
  return tokens;
}

/** The draft's terms of a step_time, where they are given: a price without speculative decoding has none. */
export function draftTerms(given: { readonly per_draft_pass_s?: unknown; readonly per_draft_token_s?: unknown }): {
  per_draft_pass_s?: number;
  per_draft_token_s?: number;
} {
  const { per_draft_pass_s: pass, per_draft_token_s: token } = given;
  return {
    ...(pass === undefined ? {} : { per_draft_pass_s: measured(pass as Written, 'time') }),
    ...(token === undefined ? {} : { per_draft_token_s: measured(token as Written, 'time') }),
  };
}
