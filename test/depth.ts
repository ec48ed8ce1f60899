// How deep random tests look: every run of the tests draws the same cases; MIST_DEPTH=10 (npm run test:deep) draws ten times as many.
export const DEPTH = Number(process.env.MIST_DEPTH ?? 1);
if (!(DEPTH >= 1)) throw new Error(`MIST_DEPTH: expected a number from 1 on, received ${process.env.MIST_DEPTH}`);

/** So many at the usual depth. */
export const runs = (count: number): number => Math.ceil(count * DEPTH);
