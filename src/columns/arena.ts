// The only owner of WebAssembly.Memory: one shared memory, sized up front, handed out by a bump allocator.
import { LAYOUT_VERSION } from '../../assembly/layout/version.ts';
import { UserError } from '../check/issue.ts';
import { SHARED_MEMORY } from '../host/host.ts';

const PAGE = 65536;
/** 4 GiB, the most that addresses of 32 bits reach. */
const MOST_PAGES = 65536;
/** Static data of the kernel module lives below this address (asc places it from 1024 on; the build test checks it). */
const ARENA_START = 65536;
/** Columns start on a cache line, each shifted by 192 bytes more than the last so that streams do not share an L1 set. */
const LINE = 64;
const SHIFT = 192;

export { LAYOUT_VERSION };

/** A bump allocator over one shared WebAssembly memory. Addresses are bytes; views stay valid because memory never grows. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly bytes: number;
  private top: number;
  private readonly start: number;

  /** @param memory shared memory that is already as large as it will ever be. @param start first free byte. @param end one past the last. */
  constructor(memory: WebAssembly.Memory, start = ARENA_START, end = memory.buffer.byteLength) {
    this.memory = memory;
    this.bytes = end;
    this.top = start;
    this.start = start;
  }

  /** Reserves `bytes` and returns their address (64-byte aligned). Throws RangeError when the arena is full. */
  take(bytes: number): number {
    const address = Math.ceil(this.top / LINE) * LINE;
    if (address + bytes > this.bytes) {
      throw new RangeError(
        `arena is full: ${bytes} bytes asked, ${this.bytes - address} of ${this.bytes - this.start} left`,
      );
    }
    this.top = address + bytes + SHIFT;
    return address;
  }

  f64(length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.buffer, this.take(length * 8), length);
  }

  i32(length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.buffer, this.take(length * 4), length);
  }

  /** A mark to come back to: everything taken after it is given back by `release`. */
  mark(): number {
    return this.top;
  }

  release(mark: number): void {
    this.top = mark;
  }

  /** Bytes still free. */
  get left(): number {
    return this.bytes - this.top;
  }

  private get buffer(): SharedArrayBuffer {
    return this.memory.buffer as unknown as SharedArrayBuffer;
  }
}

/** A new shared memory with room for `bytes` above the kernels' static data, and the arena over it. UserError where that cannot be had. */
export function openArena(bytes: number): Arena {
  const pages = Math.ceil((ARENA_START + bytes) / PAGE) + 1;
  if (pages > MOST_PAGES) throw noMemory('a run of at most 4 GiB of tables', bytes);
  return new Arena(reserve(pages, bytes));
}

/** Address space for growth is reserved where it can be; nothing here grows, so that what is needed now is enough. */
function reserve(pages: number, bytes: number): WebAssembly.Memory {
  for (const maximum of [MOST_PAGES, pages]) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: SHARED_MEMORY });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw noMemory(
    'memory for the tables of this run, and the address space around it (16 GB of ulimit -v)',
    bytes,
    ' refused by the system',
  );
}

function noMemory(expected: string, bytes: number, end = ''): UserError {
  const received =
    bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB${end}` : `${Math.round(bytes / 2 ** 30)} GiB${end}`;
  const hint = 'fewer requests, instances, sequences (max_num_seqs) or workers need less';
  return new UserError([{ path: 'memory', expected, received, hint }]);
}
