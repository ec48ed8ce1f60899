// What engines say when there is no memory left: an array, a WebAssembly memory, a thread or a text that could not be had.
import { UserError } from './issue.ts';

/** Messages and codes of V8, Node and JavaScriptCore; a RangeError of our own arithmetic is not among them. */
const MESSAGES =
  /out of memory|could not allocate memory|allocation failed|invalid (typed )?array length|invalid string length|array buffer allocation|cannot create a string longer/i;
const CODES = ['ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_INIT_FAILED', 'ERR_MEMORY_ALLOCATION_FAILED', 'ENOMEM'];

/** The same error as a user's mistake where it says that memory has run out; null where it says anything else. */
export function asMemoryError(error: unknown): UserError | null {
  if (!(error instanceof Error)) return null;
  const { code = '' } = error as NodeJS.ErrnoException;
  const known = CODES.includes(code) || (error instanceof RangeError && MESSAGES.test(error.message));
  if (!known && !/out of memory/i.test(error.message)) return null;
  const hint = 'fewer requests, instances, rows or --workers need less';
  return new UserError([{ path: 'memory', expected: 'enough for this question', received: error.message, hint }]);
}
