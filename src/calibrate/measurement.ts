// Neutral measurements: what every trace reader turns its files into, whatever their layout.
import type { CollectiveOp, Hardware, OpFamily, WeightFormat } from '../catalog/types.ts';

/** One timed kernel. */
export interface OpRow {
  /** Everything about the shape in which time need not be monotone (format, heads, a layer's name). */
  readonly fixed: string;
  /** The sizes in which more can never be faster: (m, n, k), (batch, length), (tokens). */
  readonly axes: readonly number[];
  /** What is held out together: all rows of one weight shape or one head layout. */
  readonly shape: string;
  readonly flops: number;
  readonly bytes: number;
  /** Activation elements of a quantised matrix product. */
  readonly activations?: number;
  /** Where it stands in a table (catalog/types.ts, OpTable): its layer, and a point on the axes; absent = in none. */
  readonly cell?: Cell;
  readonly seconds: number;
}

export interface Cell {
  /** Sizes of a layer of experts; empty for other kinds of work. */
  readonly layer: readonly number[];
  readonly at: readonly number[];
}

/** The rows of one device, kind of work and format from one layout of traces. */
export interface OpSeries {
  readonly device: string;
  readonly family: OpFamily;
  readonly format: WeightFormat;
  readonly layout: Layout;
  readonly rows: readonly OpRow[];
}

/** The timed messages of one collective of one library. */
export interface LinkSeries {
  readonly device: string;
  readonly op: CollectiveOp;
  readonly devices: number;
  readonly library: string;
  readonly layout: Layout;
  readonly rows: readonly { readonly bytes: number; readonly seconds: number }[];
}

/** Folder layouts that are understood, in order of trust where two time the same thing. */
export const LAYOUTS = [
  'profile',
  'aiconfigurator',
  'new_ops',
  'llmservingsim',
  'vidur',
  'aiter',
  'llmcompass',
] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface Traces {
  readonly ops: OpSeries[];
  readonly links: LinkSeries[];
  /** What was read but is not fitted, and why: nothing is skipped silently. */
  readonly notes: string[];
}

/** What a fit needs to know of a device. */
export type Device = Pick<Hardware, 'id' | 'vendor' | 'kind' | 'generation' | 'peak' | 'memory_bandwidth' | 'scale_up'>;

/** Collects rows by (device, family, format) while a reader walks its files. */
export class SeriesCollector {
  private readonly groups = new Map<string, OpSeries & { rows: OpRow[] }>();
  private readonly layout: Layout;
  constructor(layout: Layout) {
    this.layout = layout;
  }

  add(device: string, family: OpFamily, format: WeightFormat, row: OpRow): void {
    const key = `${device} ${family} ${format}`;
    let group = this.groups.get(key);
    if (!group) {
      group = { device, family, format, layout: this.layout, rows: [] };
      this.groups.set(key, group);
    }
    group.rows.push(row);
  }

  list(): OpSeries[] {
    return [...this.groups.values()];
  }
}
