// The words that schemas of catalog files are made of; a leaf's message is the "expected" of an issue.
import { z } from 'zod';

export const positive = z.number({ error: 'a positive number' }).positive({ error: 'a positive number' });
export const fromZero = z.number({ error: 'a number from 0 up' }).min(0, { error: 'a number from 0 up' });
export const size = z.int({ error: 'a positive integer' }).min(1, { error: 'a positive integer' });
export const count = z.int({ error: 'an integer from 0 up' }).min(0, { error: 'an integer from 0 up' });
export const share = z
  .number({ error: 'a number above 0 and at most 1' })
  .gt(0, { error: 'a number above 0 and at most 1' })
  .max(1, { error: 'a number above 0 and at most 1' });
export const text = z.string({ error: 'a text' });
export const named = text.min(1, { error: 'a text that is not empty' });
export const flag = z.boolean({ error: 'true or false' });
export const oneOf = <const T extends readonly (string | number)[]>(values: T) =>
  z.literal(values, { error: `one of ${values.join(', ')}` });

/** How a figure came to be, from the most to the least trustworthy. */
export const basis = oneOf(['measured', 'calibrated', 'extrapolated', 'datasheet']);
/** Formats of weights, named as vLLM and the case files name them. */
export const WEIGHT_FORMATS = ['bf16', 'fp16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'] as const;
export const weightFormat = oneOf(WEIGHT_FORMATS);
/** Formats of the KV cache. */
export const KV_FORMATS = ['bf16', 'fp16', 'fp8', 'int8'] as const;
export const kvFormat = oneOf(KV_FORMATS);
/** Kinds of work that have an efficiency of their own. */
/** `mla-*`: attention over latent vectors (DeepSeek-V2), whose kernels are others. */
export const opFamily = oneOf([
  'gemm',
  'attention-prefill',
  'attention-decode',
  'mla-prefill',
  'mla-decode',
  'moe',
  'elementwise',
]);
/** Exchanges between devices. */
export const collectiveOp = oneOf(['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'send-recv']);
