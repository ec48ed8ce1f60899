// Reasoning: how many tokens each path thinks in each round (paper.md section 2, "Reasoning").

/** Single path: 8 to 32 times the answer; several paths: 4 to 16 times. The middle of each, where a spec gives neither. */
export function thinkingScale(paths: number): number {
  return paths === 1 ? 16 : 8;
}

/** Thinking tokens of one path in one round: what was drawn, or a multiple of the answer spread over the rounds; at least 1. */
export function thinkingTokens(drawn: number | null, scale: number, answer: number, rounds: number): number {
  return Math.max(1, Math.round(drawn ?? (scale * answer) / rounds));
}
