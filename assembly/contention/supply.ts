// A transfer that goes layer by layer: what it may send comes up while the step that computes it runs. Its flow has LEFT bytes that are
// there and not sent, and they grow by the edge's PACE; below 0 the first layer is still being computed, and the flow is closed.
import {
  FLEET_EDGE_PACE, FLEET_EDGE_TO, FLEET_FLOWS, FLEET_FLOW_COUNT, FLEET_FLOW_DIRTY, FLEET_FLOW_UPDATED, FLOW_BYTES, FLOW_DONE, FLOW_KEY, FLOW_LEFT,
  FLOW_PATH, FLOW_RATE, FLOW_TIER,
} from '../layout/fleet';
import { REP_INDEX } from '../layout/replica';
import { RUN_FLEET, RUN_REPLICA_OF } from '../layout/run';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { sourceOf } from '../table/visit';
import { countFlow } from './paths';

/** Bytes per second that come up for a flow; 0 when all that it sends is there. */
// @ts-ignore: decorator
@inline
export function paceOf(paces: usize, flow: usize): f64 {
  const key = load<i32>(flow, FLOW_KEY);
  return paces == 0 || (key & FLOW_TIER) != 0 ? 0 : rowf(paces, key);
}

/** Brings what is left of every flow to `now`; one whose first layer is there opens. */
export function settleFlows(fleet: usize, now: f64): void {
  const paces = geta(fleet, FLEET_EDGE_PACE);
  const elapsed = now - getf(fleet, FLEET_FLOW_UPDATED);
  setf(fleet, FLEET_FLOW_UPDATED, now);
  let flow = geta(fleet, FLEET_FLOWS);
  const end = flow + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  for (; flow < end; flow += FLOW_BYTES) {
    const before = load<f64>(flow, FLOW_LEFT);
    const left = before - (load<f64>(flow, FLOW_RATE) - paceOf(paces, flow)) * elapsed;
    if (before < 0 && left >= 0) openFlow(fleet, flow);
    else store<f64>(flow, before >= 0 && left < 0 ? 0 : left, FLOW_LEFT);
  }
}

/** Its first layer is there: it wants its share of the links. */
function openFlow(fleet: usize, flow: usize): void {
  store<f64>(flow, 0, FLOW_LEFT);
  countFlow(fleet, <usize>load<u32>(flow, FLOW_PATH), 1);
}

/** At its DONE a growing flow has its first layer, or has sent all that is there. */
export function turnFlow(fleet: usize, flow: usize): void {
  if (load<f64>(flow, FLOW_LEFT) < 0) openFlow(fleet, flow);
  else store<f64>(flow, 0, FLOW_LEFT);
  store<f64>(flow, Infinity, FLOW_DONE);
}

/** What an edge sends comes up at `pace` from now on. */
export function setPace(fleet: usize, edge: i32, pace: f64): void {
  store<f64>(geta(fleet, FLEET_EDGE_PACE) + ((<usize>edge) << 3), pace);
}

/** The step that computes what `edge` sends has ended: its `last` layer is there, and no more comes. False where nothing goes layer by layer. */
export function endSupply(fleet: usize, edge: i32, last: f64, now: f64): bool {
  const paces = geta(fleet, FLEET_EDGE_PACE);
  if (paces == 0 || rowf(paces, edge) == 0) return false;
  settleFlows(fleet, now);
  setPace(fleet, edge, 0);
  let flow = geta(fleet, FLEET_FLOWS);
  while (load<i32>(flow, FLOW_KEY) != edge) flow += FLOW_BYTES;
  if (load<f64>(flow, FLOW_LEFT) < 0) openFlow(fleet, flow);
  store<f64>(flow, load<f64>(flow, FLOW_LEFT) + last, FLOW_LEFT);
  store<f64>(flow, Infinity, FLOW_DONE);
  seti(fleet, FLEET_FLOW_DIRTY, 1);
  return true;
}

/** The step of `rep` goes on at `ratio` times its speed: so does what it computes for transfers. */
export function changePace(run: usize, rep: usize, ratio: f64, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  const paces = geta(fleet, FLEET_EDGE_PACE);
  settleFlows(fleet, now);
  let flow = geta(fleet, FLEET_FLOWS);
  const end = flow + <usize>(geti(fleet, FLEET_FLOW_COUNT) * FLOW_BYTES);
  for (; flow < end; flow += FLOW_BYTES) {
    const pace = paceOf(paces, flow);
    if (pace == 0) continue;
    const edge = load<i32>(flow, FLOW_KEY);
    const from = sourceOf(fleet, edge, rowi(geta(fleet, FLEET_EDGE_TO), edge) - 1);
    if (rowi(geta(run, RUN_REPLICA_OF), from) != geti(rep, REP_INDEX)) continue;
    setPace(fleet, edge, pace * ratio);
    seti(fleet, FLEET_FLOW_DIRTY, 1);
  }
}
