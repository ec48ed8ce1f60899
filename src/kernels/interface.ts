// What the kernels export, typed once. Addresses are byte offsets into the shared memory.
export interface Kernels {
  layoutVersion(): number;
}
