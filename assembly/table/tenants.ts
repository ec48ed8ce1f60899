// Fair queues: of the tenants that wait, whoever has had least is served, its visits in order of joining (Sheng et al., arXiv 2401.00588).
//
// What a tenant has had is counted in whole tokens, so that a leap of many iterations counts what single ones do. It changes while others
// decode: whose turn it is is asked anew whenever a step is formed, and after each admission. A tenant that the scheduler sees wait anew is
// lifted to the least of those that waited, or of the one that left the queue last: nobody saves up for later by asking for nothing.
import { CLIENT_LANES } from '../layout/client';
import { FLEET_ORDER, FLEET_TENANT } from '../layout/fleet';
import {
  SERVICE_INPUT, SERVICE_OUTPUT, TENANTS_COUNT, TENANTS_GAP, TENANTS_LAST, TENANTS_LIST, TENANTS_QUEUED, TENANT_BASE, TENANT_BYTES,
  TENANT_DECODING, TENANT_HEAD, TENANT_KNOWN, TENANT_PROMPTS, TENANT_SINCE, TENANT_WAITING, TENANT_WEIGHT,
} from '../layout/tenants';
import { REP_TICK, REP_WAITING, REP_WAIT_HEAD } from '../layout/replica';
import { RUN_FLEET, RUN_PREEMPTIONS, RUN_PROMPT } from '../layout/run';
import { addi, geta, getf, geti, rowi, setf, seti } from './cell';
import { GONE, heapLink, heapRest } from './heap';
import { rowOr } from './visit';

function tenantOf(run: usize, visit: i32): i32 {
  return rowOr(geta(geta(run, RUN_FLEET), FLEET_TENANT), visit, 0);
}

function tenantAt(tenants: usize, tenant: i32): usize {
  return geta(tenants, TENANTS_LIST) + <usize>tenant * TENANT_BYTES;
}

/** What a tenant has had, in weighted tokens. */
function serviceOf(rep: usize, at: usize): f64 {
  const answers = <f64>load<i32>(at, TENANT_DECODING) * <f64>geti(rep, REP_TICK) - load<f64>(at, TENANT_SINCE);
  const had = SERVICE_INPUT * load<f64>(at, TENANT_PROMPTS) + SERVICE_OUTPUT * answers;
  return load<f64>(at, TENANT_BASE) + had / load<f64>(at, TENANT_WEIGHT);
}

/** A visit joins the queue of its tenant; one whose tenant waits for nothing else may be the next. */
export function tenantJoin(run: usize, rep: usize, visit: i32): void {
  const tenants = geta(rep, CLIENT_LANES);
  const at = tenantAt(tenants, tenantOf(run, visit));
  const first = load<i32>(at, TENANT_HEAD);
  store<i32>(at, first < 0 ? visit : heapLink(run, geta(run, RUN_FLEET), first, visit), TENANT_HEAD);
  store<i32>(at, load<i32>(at, TENANT_WAITING) + 1, TENANT_WAITING);
  if (first < 0) {
    addi(tenants, TENANTS_QUEUED, 1);
    seti(rep, REP_WAIT_HEAD, visit);
  }
  addi(rep, REP_WAITING, 1);
}

/** The head of the queue is admitted: what its prompt costs is its tenant's, once. */
export function tenantPop(run: usize, rep: usize, visit: i32): void {
  const tenants = geta(rep, CLIENT_LANES);
  const tenant = tenantOf(run, visit);
  const at = tenantAt(tenants, tenant);
  noteGap(rep, tenants, serviceOf(rep, at));
  goFrom(run, tenants, tenant, heapRest(run, visit));
  if (rowi(geta(run, RUN_PREEMPTIONS), visit) == 0)
    store<f64>(at, load<f64>(at, TENANT_PROMPTS) + <f64>rowi(geta(run, RUN_PROMPT), visit), TENANT_PROMPTS);
  pickTenant(rep, tenants);
}

/** A visit that waits does no more: it is GONE. */
export function tenantRemove(run: usize, rep: usize, visit: i32): void {
  const tenants = geta(rep, CLIENT_LANES);
  const tenant = tenantOf(run, visit);
  goFrom(run, tenants, tenant, load<i32>(tenantAt(tenants, tenant), TENANT_HEAD));
  pickTenant(rep, tenants);
}

function goFrom(run: usize, tenants: usize, tenant: i32, first: i32): void {
  const at = tenantAt(tenants, tenant);
  const order = geta(geta(run, RUN_FLEET), FLEET_ORDER);
  let head = first;
  while (head >= 0 && rowi(order, head) == GONE) head = heapRest(run, head);
  store<i32>(at, head, TENANT_HEAD);
  store<i32>(at, load<i32>(at, TENANT_WAITING) - 1, TENANT_WAITING);
  if (head >= 0) return;
  store<i32>(at, 0, TENANT_KNOWN);
  addi(tenants, TENANTS_QUEUED, -1);
  seti(tenants, TENANTS_LAST, tenant);
}

/** The scheduler looks at the queue: tenants that it has not seen wait are lifted, and whose turn it is is known. */
export function lookAtTenants(rep: usize): void {
  const tenants = geta(rep, CLIENT_LANES);
  if (geti(rep, REP_WAITING) == 0) return;
  const count = geti(tenants, TENANTS_COUNT);
  let least = Infinity;
  let unseen = 0;
  for (let tenant = 0; tenant < count; tenant++) {
    const at = tenantAt(tenants, tenant);
    if (load<i32>(at, TENANT_HEAD) < 0) continue;
    if (load<i32>(at, TENANT_KNOWN) == 0) unseen++;
    else least = min(least, serviceOf(rep, at));
  }
  const last = geti(tenants, TENANTS_LAST);
  if (least == Infinity && last >= 0) least = serviceOf(rep, tenantAt(tenants, last));
  for (let tenant = 0; unseen > 0 && tenant < count; tenant++) {
    const at = tenantAt(tenants, tenant);
    if (load<i32>(at, TENANT_HEAD) < 0 || load<i32>(at, TENANT_KNOWN) != 0) continue;
    if (least < Infinity && serviceOf(rep, at) < least) lift(rep, at, least);
    store<i32>(at, 1, TENANT_KNOWN);
    unseen--;
  }
  pickTenant(rep, tenants);
}

function lift(rep: usize, at: usize, to: f64): void {
  store<f64>(at, to, TENANT_BASE);
  store<f64>(at, 0, TENANT_PROMPTS);
  store<f64>(at, <f64>load<i32>(at, TENANT_DECODING) * <f64>geti(rep, REP_TICK), TENANT_SINCE);
}

/** The head of the queue: of the tenants that wait the one that has had least, the first of them. */
function pickTenant(rep: usize, tenants: usize): void {
  let best = -1;
  let least = Infinity;
  for (let tenant = 0; tenant < geti(tenants, TENANTS_COUNT); tenant++) {
    const at = tenantAt(tenants, tenant);
    if (load<i32>(at, TENANT_HEAD) < 0) continue;
    const had = serviceOf(rep, at);
    if (had >= least) continue;
    least = had;
    best = load<i32>(at, TENANT_HEAD);
  }
  seti(rep, REP_WAIT_HEAD, best);
}

/** How far those that wait are ahead of the one whose turn it is, who has had `own`. */
function noteGap(rep: usize, tenants: usize, own: f64): void {
  for (let tenant = 0; tenant < geti(tenants, TENANTS_COUNT); tenant++) {
    const at = tenantAt(tenants, tenant);
    if (load<i32>(at, TENANT_HEAD) < 0) continue;
    const gap = serviceOf(rep, at) - own;
    if (gap > getf(tenants, TENANTS_GAP)) setf(tenants, TENANTS_GAP, gap);
  }
}

/** A sequence begins to decode, with `tokens` of its answer out of the step that ends. */
export function tenantDecodes(run: usize, rep: usize, visit: i32, tokens: i32): void {
  const at = tenantAt(geta(rep, CLIENT_LANES), tenantOf(run, visit));
  store<i32>(at, load<i32>(at, TENANT_DECODING) + 1, TENANT_DECODING);
  store<f64>(at, load<f64>(at, TENANT_SINCE) + <f64>(geti(rep, REP_TICK) - tokens), TENANT_SINCE);
}

/** A sequence decodes no more: what it has had stays counted. */
export function tenantLeaves(run: usize, rep: usize, visit: i32): void {
  const at = tenantAt(geta(rep, CLIENT_LANES), tenantOf(run, visit));
  store<i32>(at, load<i32>(at, TENANT_DECODING) - 1, TENANT_DECODING);
  store<f64>(at, load<f64>(at, TENANT_SINCE) - <f64>geti(rep, REP_TICK), TENANT_SINCE);
}

/** Whether the turn may pass from one tenant to another while sequences decode. */
export function turnMayPass(rep: usize): bool {
  return geti(geta(rep, CLIENT_LANES), TENANTS_QUEUED) > 1;
}
