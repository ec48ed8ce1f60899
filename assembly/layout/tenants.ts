// A client whose queue has a lane for every tenant, served by what each has had: the virtual token counters of Sheng et al., arXiv 2401.00588.

/** Weighted tokens that a token of a prompt and one of an answer count (the paper's runs). */
export const SERVICE_INPUT = 1;
export const SERVICE_OUTPUT = 2;

// The record of such a client, in place of its lanes (cells)
export const TENANTS_COUNT = 0; // i32
export const TENANTS_LIST = 1; // address of COUNT records of TENANT_BYTES
export const TENANTS_QUEUED = 2; // i32, tenants that somebody waits of
export const TENANTS_LAST = 3; // i32, the one whose last visit left the queue last, -1 = none has
export const TENANTS_GAP = 4; // f64, the most that one who waited had had more than the one whose turn it was, in weighted tokens
export const TENANTS_CELLS = 5;

// A tenant (bytes). It has had BASE + (INPUT * PROMPTS + OUTPUT * (DECODING * TICK - SINCE)) / WEIGHT
export const TENANT_BASE = 0; // f64, weighted tokens
export const TENANT_WEIGHT = 8; // f64
export const TENANT_PROMPTS = 16; // f64, tokens of prompts admitted
export const TENANT_SINCE = 24; // f64, sum over its sequences that decode of the tick before their first token, less the tokens of others
export const TENANT_DECODING = 32; // i32, sequences that decode
export const TENANT_HEAD = 36; // i32, visit, -1 = nobody waits
export const TENANT_WAITING = 40; // i32, visits
export const TENANT_KNOWN = 44; // i32, 1 where the scheduler has seen it wait
export const TENANT_BYTES = 48;
