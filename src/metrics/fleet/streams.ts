// Requests as streams of tokens, in order of arrival.
import type { TokenColumns } from './tokens.ts';
import { orderByArrival, type RequestColumns } from './walk.ts';

/** Streams without a token are one at the end of the request. */
function closeStreams(requests: RequestColumns, tokens: TokenColumns) {
  const count = requests.state.length;
  const output = new Int32Array(count);
  const first = new Float64Array(count);
  const lastToken = new Float64Array(count);
  for (let r = 0; r < count; r++) {
    output[r] = Math.max(1, tokens.output[r]!);
    first[r] = Number.isNaN(tokens.firstMade[r]) ? requests.finish[r]! : tokens.firstMade[r]!;
    lastToken[r] = Number.isNaN(tokens.lastToken[r]) ? requests.finish[r]! : tokens.lastToken[r]!;
  }
  return { output, first, lastToken };
}

/**
 * Requests as the verdict and the token rate see them, in order of arrival: a stream of `output` tokens from the first to the last.
 * A request that generates nothing (a pipeline without such a stage) is one token at its end. `mixed`: arrivals are in no order.
 */
export function streamOf(requests: RequestColumns, tokens: TokenColumns, mixed: boolean) {
  const count = requests.state.length;
  const none = new Int32Array(count);
  const { output, first, lastToken } = tokens.whole
    ? { output: tokens.output, first: tokens.firstMade, lastToken: tokens.lastToken }
    : closeStreams(requests, tokens);
  const sorted = mixed ? orderByArrival(requests.arrival) : null;
  const own = <T extends Int32Array | Float64Array>(column: T): T =>
    sorted ? (column.map((_, i) => column[sorted[i]!]!) as T) : column;
  const { state, arrival, finish } = requests;
  return {
    lengths: { count, prompt: none, output: own(output) },
    results: {
      state: own(state),
      arrival: own(arrival),
      finish: own(finish),
      first: own(first),
      preemptions: none,
      replica: none,
    },
    lastToken: own(lastToken),
  };
}
