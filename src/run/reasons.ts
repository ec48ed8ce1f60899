// Why rows of a sweep fall: the closed list of machine words, in the order of the checks, and what to tell a person.

export const REASONS = [
  ['where', 'left out by where'],
  ['refused', 'settings that cannot be together'],
  ['degree-not-whole', 'a degree of parallelism is not a whole number'],
  ['tp-beyond-scale-up', 'tensor parallel size exceeds the scale-up domain'],
  ['tp-exceeds-heads', 'tensor parallel size exceeds the attention heads'],
  ['tp-does-not-divide-heads', 'tensor parallel size does not divide the attention heads'],
  ['ep-does-not-divide', 'expert parallel size does not divide the devices'],
  ['ep-without-experts', 'expert parallel without experts'],
  ['ep-exceeds-experts', 'expert parallel size exceeds the experts'],
  ['dp-without-experts', 'attention data parallel without experts'],
  ['pp-exceeds-layers', 'pipeline parallel size exceeds the layers'],
  ['no-scale-out', 'spans servers, and the hardware has no network'],
  ['format-not-supported', 'the hardware has no kernels for the weight format'],
  ['no-step-regression', 'step_source regression, and no step traces were fitted for it'],
  ['draft-with-pipeline', 'speculative decoding is modelled without pipeline parallel'],
  ['no-mtp-head', 'the model has no multi-token-prediction layer to draft with'],
  ['draft-split', 'the draft model cannot be split so'],
  ['no-price', 'no price is known for the hardware'],
  ['no-watts', 'the power of the hardware is unknown, and electricity is to be paid'],
  ['weights-do-not-fit', 'weights do not fit in memory'],
  ['no-room-for-kv', 'weights leave no room for the KV cache'],
  ['rounds-with-prompts', 'goes in rounds, but decodes share their steps with prompts'],
  ['rounds-with-drafts', 'goes in rounds, but drafts are verified step by step'],
  ['swap-without-preemption', 'swaps, but nothing is ever preempted'],
  ['no-host-memory', 'no host memory or link to swap to'],
  ['no-room-for-a-request', 'the KV cache does not hold the longest request'],
  ['over-budget', 'more devices, money or idle power than the budget has'],
  ['unranked', 'the objective has no figure for it'],
  ['too-few', 'too few engines for the least work that is due in time (proved)'],
  ['late-alone', 'late even with an engine for each request (proved)'],
] as const;

export type Reason = (typeof REASONS)[number][0];

const INDEX = new Map<string, number>(REASONS.map(([reason], i) => [reason, i]));

/** Position of a reason in REASONS; an unknown word is a mistake of ours. */
export function reasonIndex(reason: string): number {
  const index = INDEX.get(reason);
  if (index === undefined) throw new Error(`unknown reason ${reason}`);
  return index;
}

/** What to tell a person, by reason. */
export const REASON_WORDS = Object.fromEntries(REASONS) as Readonly<Record<Reason, string>>;
