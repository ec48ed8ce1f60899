// Which hash blocks a cache holds: a list from the least to the most recently used.

export class Lru {
  readonly capacity: number;
  ids: number[];

  /** `held`: what it begins with, the least recent first. */
  constructor(capacity: number, held: readonly number[] = []) {
    this.capacity = capacity;
    this.ids = [...held];
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }

  /** Makes `id` the most recent, put in if it was not there; the least recent leave when it is too many: those are returned. */
  touch(id: number): number[] {
    this.ids = this.ids.filter((one) => one !== id);
    this.ids.push(id);
    return this.ids.splice(0, Math.max(0, this.ids.length - this.capacity));
  }

  /** How many of `ids` it holds before the first that it does not. */
  countLeading(ids: readonly number[]): number {
    const missing = ids.findIndex((id) => !this.has(id));
    return missing < 0 ? ids.length : missing;
  }
}
