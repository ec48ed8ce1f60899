// Where the LoRA adapters of a client lie. By last use (those that run first, of two that left at one instant the lower number) the device
// holds the first SLOTS of them and host memory the first HOST: those that have run and do not are a list in that order, and an edge in it for
// each of the two moves by one place when an adapter starts or leaves.
import { CLIENT_PER_SWAP } from '../layout/client';
import {
  IS_LISTED, LANES_ACTIVE, LANES_COUNT, LANES_EDGE_DEVICE, LANES_EDGE_HOST, LANES_FETCHES, LANES_HOST, LANES_KNOWN, LANES_LIST, LANES_LOADS,
  LANES_NEWEST, LANES_SLOTS, LANE_BYTES, LANE_FETCH, LANE_LEFT, LANE_LIES, LANE_LOAD, LANE_NEWER, LANE_OLDER, LIES_IN_HOST, LIES_ON_DEVICE,
} from '../layout/lanes';
import { REP_SWAPPED } from '../layout/replica';
import { addf, addi, geta, geti, seti } from './cell';

/** The record of a lane. */
// @ts-ignore: decorator
@inline
export function laneAt(lanes: usize, lane: i32): usize {
  return geta(lanes, LANES_LIST) + <usize>lane * LANE_BYTES;
}

/** An adapter begins to run: unless it lies in a slot it is loaded from host memory, and into that from storage unless it lies there. */
export function adapterStarts(rep: usize, lanes: usize, lane: i32): void {
  const own = laneAt(lanes, lane);
  const lies = load<i32>(own, LANE_LIES);
  giveWay(lanes, lane, lies, LANES_EDGE_DEVICE, LIES_ON_DEVICE, LANES_SLOTS);
  giveWay(lanes, lane, lies, LANES_EDGE_HOST, LIES_IN_HOST, LANES_HOST);
  if (lies != 0) unlist(lanes, own);
  else addi(lanes, LANES_KNOWN, 1);
  addi(lanes, LANES_ACTIVE, 1);
  if ((lies & LIES_ON_DEVICE) != 0) return;
  const fetched = (lies & LIES_IN_HOST) == 0;
  const seconds = load<f64>(own, LANE_LOAD);
  addf(rep, CLIENT_PER_SWAP, fetched ? seconds + load<f64>(own, LANE_FETCH) : seconds);
  addi(lanes, LANES_LOADS, 1);
  if (fetched) addi(lanes, LANES_FETCHES, 1);
  seti(rep, REP_SWAPPED, 1);
}

/** Of the listed, one less lies in a memory of so many: the one that starts if it lies there, else the last that does, if it is full. */
function giveWay(lanes: usize, lane: i32, lies: i32, edge: i32, memory: i32, most: i32): void {
  const last = geti(lanes, edge);
  if ((lies & memory) != 0) {
    if (last == lane) seti(lanes, edge, load<i32>(laneAt(lanes, lane), LANE_NEWER));
  } else if (last > 0 && geti(lanes, LANES_KNOWN) >= geti(lanes, most)) {
    const old = laneAt(lanes, last);
    store<i32>(old, load<i32>(old, LANE_LIES) & ~memory, LANE_LIES);
    seti(lanes, edge, load<i32>(old, LANE_NEWER));
  }
}

function unlist(lanes: usize, own: usize): void {
  const newer = load<i32>(own, LANE_NEWER);
  const older = load<i32>(own, LANE_OLDER);
  if (newer > 0) store<i32>(laneAt(lanes, newer), older, LANE_OLDER);
  else seti(lanes, LANES_NEWEST, older);
  if (older > 0) store<i32>(laneAt(lanes, older), newer, LANE_NEWER);
  store<i32>(own, 0, LANE_LIES);
}

/** An adapter runs no more: of the listed, one more lies in each memory. */
export function adapterLeft(lanes: usize, lane: i32, now: f64): void {
  addi(lanes, LANES_ACTIVE, -1);
  const own = laneAt(lanes, lane);
  let newer = 0;
  let older = geti(lanes, LANES_NEWEST);
  while (older > 0 && older < lane && load<f64>(laneAt(lanes, older), LANE_LEFT) == now) {
    newer = older;
    older = load<i32>(laneAt(lanes, older), LANE_OLDER);
  }
  store<f64>(own, now, LANE_LEFT);
  store<i32>(own, IS_LISTED, LANE_LIES);
  store<i32>(own, newer, LANE_NEWER);
  store<i32>(own, older, LANE_OLDER);
  if (newer > 0) store<i32>(laneAt(lanes, newer), lane, LANE_OLDER);
  else seti(lanes, LANES_NEWEST, lane);
  if (older > 0) store<i32>(laneAt(lanes, older), lane, LANE_NEWER);
  takeIn(lanes, lane, newer, LANES_EDGE_DEVICE, LIES_ON_DEVICE);
  takeIn(lanes, lane, newer, LANES_EDGE_HOST, LIES_IN_HOST);
}

/** The lane joined the list behind `newer`: it lies in a memory if that does, else the first that did not does now. */
function takeIn(lanes: usize, lane: i32, newer: i32, edge: i32, memory: i32): void {
  const last = geti(lanes, edge);
  const inside = newer == 0 || (load<i32>(laneAt(lanes, newer), LANE_LIES) & memory) != 0;
  const next = inside ? lane : last == 0 ? geti(lanes, LANES_NEWEST) : load<i32>(laneAt(lanes, last), LANE_OLDER);
  const own = laneAt(lanes, next);
  store<i32>(own, load<i32>(own, LANE_LIES) | memory, LANE_LIES);
  if (!inside || last == newer) seti(lanes, edge, next);
}

/** No adapter lies in memory any more. */
export function forgetAdapters(lanes: usize): void {
  for (let lane = 0; lane < geti(lanes, LANES_COUNT); lane++) store<i32>(laneAt(lanes, lane), 0, LANE_LIES);
  seti(lanes, LANES_NEWEST, 0);
  seti(lanes, LANES_EDGE_DEVICE, 0);
  seti(lanes, LANES_EDGE_HOST, 0);
  seti(lanes, LANES_KNOWN, geti(lanes, LANES_ACTIVE));
}
