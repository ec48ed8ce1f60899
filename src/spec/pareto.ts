// The objectives whose front a sweep is to prove.
import { z } from 'zod';
import { word } from './leaf.ts';
import { OBJECTIVES } from './words.ts';

const FRONT = `two or more different ones of ${OBJECTIVES.join(', ')}`;

export const pareto = z
  .array(word(OBJECTIVES), { error: FRONT })
  .min(2, { error: FRONT })
  .refine((words) => new Set(words).size === words.length, { error: FRONT })
  .optional()
  .describe(
    'Objectives whose front is proved beside the answer: every row that no other beats in all of them; none if left out.',
  );
