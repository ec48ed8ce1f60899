// The exchanges between devices that have a closed form (assembly/cost/collective.ts), as integers.
export const COLLECTIVE_ALL_REDUCE = 0;
export const COLLECTIVE_ALL_GATHER = 1;
export const COLLECTIVE_REDUCE_SCATTER = 2;
export const COLLECTIVE_ALL_TO_ALL = 3;
export const COLLECTIVE_SEND_RECV = 4;
