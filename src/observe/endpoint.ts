// Where requests go: an OpenAI-compatible server, and how it is asked.
import { type Issue, UserError } from '../check/issue.ts';

/** The environment variable of OpenAI's clients. */
export const KEY_VARIABLE = 'OPENAI_API_KEY';

export interface Endpoint {
  /** Up to "/v1", without a slash at its end. */
  readonly base: string;
  /** Of the engine's own metrics, beside the API. */
  readonly metrics: string;
  /** Sent with every request, never written anywhere; '' = none. */
  readonly key: string;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Throws UserError for what is no address of a server, and for one that is reached in the clear but is not this machine. */
export function openEndpoint(text: string, environment: Readonly<Record<string, string | undefined>>): Endpoint {
  const refuse = (expected: string, received: string, hint?: string): UserError =>
    new UserError([{ path: 'URL', expected, received, ...(hint ? { hint } : {}) } satisfies Issue]);
  if (!URL.canParse(text)) throw refuse('the address of a server, such as http://127.0.0.1:8000/v1', text);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('http or https', url.protocol.slice(0, -1));
  if (url.username !== '' || url.password !== '')
    throw refuse('an address without a name or a password in it', 'both', `the key comes from ${KEY_VARIABLE}`);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw refuse('https: only this machine is spoken to in the clear', `${url.protocol}//${url.host}`);
  if (url.search !== '' || url.hash !== '') throw refuse('an address without ? or #', text);
  const path = url.pathname.replace(/\/+$/, '');
  const root = path.replace(/\/v1$/, '');
  return {
    base: `${url.origin}${root}/v1`,
    metrics: `${url.origin}${root}/metrics`,
    key: environment[KEY_VARIABLE] ?? '',
  };
}

/** Headers of a request. */
export function headersOf({ key }: Endpoint): Record<string, string> {
  return { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
}

/** What a server said, short enough to be told, without the key. */
export function tellable({ key }: Endpoint, text: string): string {
  const short = text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  return key === '' ? short : short.replaceAll(key, '***');
}

/** A page of the server. Throws what fetch throws: silence is a TimeoutError, a redirect a mistake, as the key is not for others. */
export async function getPage(endpoint: Endpoint, url: string, silence: number) {
  const signal = AbortSignal.timeout(silence * 1000);
  const response = await fetch(url, { headers: headersOf(endpoint), redirect: 'error', signal });
  return { ok: response.ok, status: response.status, text: await response.text() };
}
