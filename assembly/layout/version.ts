// One number that changes whenever a column, an enum or a record below this folder changes meaning.
// The release binary exports it; src/kernels/load.ts refuses a binary that disagrees.
export const LAYOUT_VERSION = 49;
