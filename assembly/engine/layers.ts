// Transfers that go layer by layer depart with the step that computes what they send.
import { CLIENT_AT_CHUNKS } from '../layout/client';
import { EVENT_EDGE, FLEET_EDGE_LAYERS, FLEET_EVENTS, FLEET_EVENT_COUNT, VISIT_BYTES, VISIT_EDGES } from '../layout/fleet';
import { CHUNK_BYTES, CHUNK_SLOT, REP_CHUNKS, REP_END, SLOT_REQUEST } from '../layout/replica';
import { RUN_FLEET, RUN_GENERATED, RUN_OUTPUT } from '../layout/run';
import { geta, getf, geti, rowi } from '../table/cell';
import { eventPush } from '../table/events';
import { visitAt } from '../table/visit';

/** The step that `rep` starts at `now` computes the last of some prompts: of visits that end with it, layers go as they are computed. */
export function departLayers(run: usize, rep: usize, now: f64): void {
  if (!(getf(rep, REP_END) > now)) return;
  let chunk = rep + geta(rep, CLIENT_AT_CHUNKS);
  const end = chunk + <usize>(geti(rep, REP_CHUNKS) * CHUNK_BYTES);
  for (; chunk < end; chunk += CHUNK_BYTES) {
    const slot = <usize>load<u32>(chunk, CHUNK_SLOT);
    if (slot == 0) continue;
    const visit = load<i32>(slot, SLOT_REQUEST);
    if (rowi(geta(run, RUN_OUTPUT), visit) - rowi(geta(run, RUN_GENERATED), visit) == 1) departEdges(geta(run, RUN_FLEET), visit, now);
  }
}

function departEdges(fleet: usize, visit: i32, now: f64): void {
  const record = visitAt(fleet, visit);
  const end = load<i32>(record, VISIT_BYTES + VISIT_EDGES);
  for (let edge = load<i32>(record, VISIT_EDGES); edge < end; edge++) {
    if (rowi(geta(fleet, FLEET_EDGE_LAYERS), edge) > 1) eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now, EVENT_EDGE, edge * 2);
  }
}
