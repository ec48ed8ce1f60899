// Retrieval as a step surface: a step with n queries costs G(n), so that the engine batches queries as it batches prompts.
import { GRID_SEQUENCES, GRID_TOKENS } from '../../../assembly/layout/grid.ts';
import * as surface from '../../../assembly/layout/surface.ts';
import type { Hardware } from '../../catalog/types.ts';
import type { RetrievalPool } from '../../spec/fleet/types.ts';
import { hnswDemand, hnswSeconds } from '../../stages/retrieve-hnsw.ts';
import { ivfPqDemand, ivfPqSeconds, type Processors, SCAN_BANDWIDTH_SHARE } from '../../stages/retrieve-ivf-pq.ts';
import type { EnergyFigures } from '../energy.ts';
import { HOST_IDLE_SHARE } from '../energy.ts';
import type { ChannelParts } from '../fleet.ts';
import { GRID_POINTS } from '../grid-points.ts';

export function processorsOf(pool: RetrievalPool, hardware: Hardware): Processors {
  return { cores: pool.cores, bandwidth: pool.dramBandwidth || hardware.memory_bandwidth * SCAN_BANDWIDTH_SHARE };
}

/** Seconds for a batch of queries. */
export function retrievalSeconds({ index }: RetrievalPool, processors: Processors, queries: number): number {
  return index.kind === 'hnsw'
    ? hnswSeconds(index.of, processors, queries)
    : ivfPqSeconds(index.of, processors, queries);
}

/** Share of the memory channel that a full step takes. */
export function demandOf({ index }: RetrievalPool, processors: Processors): number {
  const demand = index.kind === 'hnsw' ? hnswDemand(index.of, processors) : ivfPqDemand(index.of, processors);
  return Math.max(0.01, demand);
}

/** A search runs on cores of its own: of what it shares it takes bandwidth only, the same share of every step. */
export function scanParts(table: Float64Array, demand: number): ChannelParts {
  const scaled = (factor: number) => table.map((value, at) => (at >= surface.SURFACE_G ? factor * value : value));
  return { compute: scaled(0), bandwidth: scaled(demand) };
}

/** A query is a prompt of one token: only G, and DECODE where an engine asks for it, hold anything. */
export function lowerRetrieval(
  pool: RetrievalPool,
  processors: Processors,
  devices: number,
  energy: EnergyFigures | null,
): Float64Array {
  const table = new Float64Array(surface.SURFACE_SIZE);
  table[surface.SURFACE_HOST_NORM] = 1;
  table[surface.SURFACE_DEVICES] = devices;
  table[surface.SURFACE_IDLE_W] = energy?.idleW ?? Number.NaN;
  // what a busy processor draws beyond idling, by the time a query takes of a full batch
  const full = retrievalSeconds(pool, processors, pool.maxBatch) / pool.maxBatch;
  table[surface.SURFACE_J_TOKEN] = energy ? (energy.idleW / HOST_IDLE_SHARE) * (1 - HOST_IDLE_SHARE) * full : 0;
  for (let k = 0; k < surface.SURFACE_KNOTS; k++) table[surface.SURFACE_KNOTS_AT + k] = k;
  for (let i = 1; i < GRID_TOKENS; i++)
    table[surface.SURFACE_G + i] = retrievalSeconds(pool, processors, GRID_POINTS[i]!);
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    const at = surface.SURFACE_DECODE + i * surface.SURFACE_KNOTS;
    table.fill(table[surface.SURFACE_G + i]!, at, at + surface.SURFACE_KNOTS);
  }
  return table;
}
