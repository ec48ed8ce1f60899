// A trace against a server: what is sent when, what comes back, and what the engine says of itself meanwhile.
import { type Issue, UserError } from '../check/issue.ts';
import type { Requests } from '../workload/types.ts';
import { ask, wordsOf } from './answer.ts';
import { type Endpoint, getPage, tellable } from './endpoint.ts';
import { promptOf } from './prompts.ts';
import { type Limits, type Ran, runSchedule } from './schedule.ts';
import { type EngineFigures, figuresOf, type Scrape, scrape } from './scrape.ts';

export interface Watched extends Ran {
  readonly engine: EngineFigures | null;
}

/** s between looks at the engine's metrics. */
const LOOK_EVERY = 1;

/** Models that a server has, the first one first. Throws UserError where it does not answer. */
export async function firstModel(endpoint: Endpoint, silence: number): Promise<string> {
  const refuse = (received: string): UserError =>
    new UserError([{ path: 'URL', expected: 'a server that lists its models', received } satisfies Issue]);
  let text: string;
  try {
    const page = await getPage(endpoint, `${endpoint.base}/models`, silence);
    text = page.text;
    if (!page.ok) throw refuse(`HTTP ${page.status}: ${tellable(endpoint, text)}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const late = error instanceof Error && error.name === 'TimeoutError';
    throw refuse(late ? `silence for ${silence} s` : tellable(endpoint, wordsOf(error)));
  }
  const id = modelOf(text);
  if (id === null) throw refuse(tellable(endpoint, text));
  return id;
}

function modelOf(text: string): string | null {
  try {
    const { data } = JSON.parse(text) as { data?: { id?: unknown }[] };
    const id = data?.[0]?.id;
    return typeof id === 'string' && id !== '' ? id : null;
  } catch {
    return null;
  }
}

/** Sends all requests of `requests`. Throws UserError where the first answers all fail. */
export async function observe(
  endpoint: Endpoint,
  model: string,
  requests: Requests,
  limits: Limits & { readonly silence: number },
  stop: AbortSignal,
  onEnd: (ended: number) => void,
): Promise<Watched> {
  const looks: Scrape[] = [];
  const look = async () => {
    const seen = await scrape(endpoint, limits.silence);
    if (seen) looks.push(seen);
    return seen !== null;
  };
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  const again = () => {
    timer = setTimeout(() => {
      looking = look().then(again);
    }, LOOK_EVERY * 1000);
  };
  if (await look()) again();
  const start = performance.now();
  const now = () => (performance.now() - start) / 1000;
  const send = (index: number) =>
    ask(
      endpoint,
      { model, prompt: promptOf(requests, index), output: requests.output[index]! },
      now,
      limits.silence,
      stop,
    );
  const ran = await runSchedule(requests, limits, send, now, stop, onEnd);
  await looking;
  clearTimeout(timer);
  if (looks.length > 0) await look();
  if (ran.hopeless) {
    const ended = ran.answers.filter((answer) => answer !== undefined);
    const received = `${ended.length} of ${ended.length} requests failed: ${ended[0]!.error}`;
    throw new UserError([{ path: 'URL', expected: 'a server that answers', received }]);
  }
  return { ...ran, engine: figuresOf(looks) };
}
