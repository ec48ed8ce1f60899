// Fair queues, straight from the rules: what each tenant has had in weighted tokens, and whose turn it is.
import { SERVICE_INPUT, SERVICE_OUTPUT } from '../../../assembly/layout/tenants.ts';
import type { Client, Visit } from './state.ts';

/** What a tenant has had since it was lifted last: tokens of prompts and of answers, on top of where it was lifted to. */
export interface Had {
  base: number;
  prompts: number;
  answers: number;
}

/** What the scheduler of a client knows of its tenants. */
export interface Tenants {
  readonly had: readonly Had[];
  /** Those that it has seen wait. */
  seen: Set<number>;
  /** The one whose last visit left the queue last; -1 = none has. */
  last: number;
}

export function openTenants({ tenants = [] }: Client['setup']): Tenants {
  return { had: tenants.map(() => ({ base: 0, prompts: 0, answers: 0 })), seen: new Set(), last: -1 };
}

/** In weighted tokens. */
export function serviceOf({ setup, tenants }: Client, tenant: number): number {
  const { base, prompts, answers } = tenants.had[tenant]!;
  return base + (SERVICE_INPUT * prompts + SERVICE_OUTPUT * answers) / setup.tenants![tenant]!;
}

function waitingOf({ waiting }: Client): number[] {
  return [...new Set(waiting.map(({ tenant }) => tenant))].sort((a, b) => a - b);
}

/** Before a step is formed: those that it has not seen wait are lifted to the least of those it has, or to the one that left the queue last. */
export function lookAtTenants(client: Client): void {
  if (!client.setup.tenants) return;
  const { had, seen, last } = client.tenants;
  const waiting = waitingOf(client);
  const known = waiting.filter((one) => seen.has(one)).map((one) => serviceOf(client, one));
  const least = known.length > 0 ? Math.min(...known) : last >= 0 ? serviceOf(client, last) : Number.NEGATIVE_INFINITY;
  for (const one of waiting)
    if (!seen.has(one) && serviceOf(client, one) < least)
      Object.assign(had[one]!, { base: least, prompts: 0, answers: 0 });
  client.tenants.seen = new Set(waiting);
}

/** A visit has left the queue: admitted, or gone. */
export function noteOutOfQueue(client: Client, { tenant }: Visit): void {
  if (!client.setup.tenants || client.waiting.some((one) => one.tenant === tenant)) return;
  client.tenants.seen.delete(tenant);
  client.tenants.last = tenant;
}

/** What a prompt costs is charged when it is admitted first. */
export function chargePrompt(client: Client, { tenant, prompt, preempted }: Visit): void {
  if (client.setup.tenants && !preempted) client.tenants.had[tenant]!.prompts += prompt;
}

export function chargeAnswer(client: Client, { tenant }: Visit, tokens: number): void {
  if (client.setup.tenants) client.tenants.had[tenant]!.answers += tokens;
}

/** Of those whose turn it may be: the first of the tenant that has had least. */
export function leastServed(client: Client, waiting: readonly Visit[]): Visit | undefined {
  const [first] = waitingOf(client).sort((a, b) => serviceOf(client, a) - serviceOf(client, b) || a - b);
  return waiting.find(({ tenant }) => tenant === first);
}

/** How far others that wait are ahead of the one whose turn it is. */
export function gapOver(client: Client, { tenant }: Visit): number {
  return Math.max(0, ...waitingOf(client).map((one) => serviceOf(client, one) - serviceOf(client, tenant)));
}
