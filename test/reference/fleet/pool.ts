// KV blocks of one engine, an object each: who reads them, what they hold, and in which order those that nobody reads are used again.
import type { Visit } from './state.ts';

/** One KV block; on the free list while nobody reads it. */
export interface Block {
  readers: number;
  /** What it holds, as far as others can look it up. */
  unit: Unit | null;
  /** The preempted visit whose tokens it holds, none of which has an id. */
  owner: Visit | null;
}

/** The blocks of one id: of a hash block that was computed as a whole. */
export interface Unit {
  readonly id: number;
  readonly blocks: readonly Block[];
}

export class BlockPool {
  /** Blocks that were never used: in front of the free list. */
  #fresh: number;
  /** Blocks that nobody reads any more: the next to be used again comes first. */
  readonly free: Block[] = [];
  readonly #units = new Map<number, Unit>();

  constructor(blocks: number) {
    this.#fresh = blocks;
  }

  /** Blocks that nobody reads. */
  get room(): number {
    return this.#fresh + this.free.length;
  }

  find(id: number): Unit | undefined {
    return this.#units.get(id);
  }

  /** How many of `ids` are here before the first that is not. */
  countLeading(ids: readonly number[]): number {
    const missing = ids.findIndex((id) => !this.#units.has(id));
    return missing < 0 ? ids.length : missing;
  }

  /** Blocks for something new, from the front of the free list; what they held is forgotten. */
  take(count: number): Block[] {
    if (count > this.room) throw new Error(`takes ${count} of ${this.room} blocks`);
    const fresh = Math.min(count, this.#fresh);
    this.#fresh -= fresh;
    const used = this.free.splice(0, count - fresh);
    for (const block of used) this.#forget(block);
    for (const block of used) block.readers = 1;
    return [...Array.from({ length: fresh }, (): Block => ({ readers: 1, unit: null, owner: null })), ...used];
  }

  /** Blocks of which nobody can find anything: as if they had never been used. */
  renew(blocks: readonly Block[]): void {
    this.#fresh += blocks.length;
  }

  /** One reader more of each of these. */
  read(blocks: readonly Block[]): void {
    for (const block of blocks) {
      if (block.readers === 0) this.free.splice(this.free.indexOf(block), 1);
      block.readers += 1;
      block.owner = null;
    }
  }

  /** Blocks of an id can be found from now on. Where others hold the same already, these stay private. */
  list(id: number, blocks: readonly Block[]): void {
    if (this.#units.has(id)) return;
    const unit = { id, blocks };
    this.#units.set(id, unit);
    for (const block of blocks) block.unit = unit;
  }

  /** One reader fewer of blocks in order of position: the tail is the first to be used again. */
  giveUp(blocks: readonly Block[]): void {
    for (const block of blocks.toReversed()) {
      block.readers -= 1;
      if (block.readers === 0) this.free.push(block);
    }
  }

  #forget(block: Block): void {
    block.owner = null;
    if (block.unit === null) return;
    this.#units.delete(block.unit.id);
    for (const other of block.unit.blocks) other.unit = null;
  }
}
