// Power-limited clocks: how fast a board computes, and what a FLOP takes, where it is held below its TDP (nvidia-smi -pl).
import type { Hardware } from '../catalog/types.ts';

/** Of a board's TDP, what it draws when no step runs (plan/energy.ts). */
export const IDLE_SHARE = 0.11;

/** Of what the board does at its TDP; 1 where it is not held. */
export interface Clocks {
  /** FLOP/s. */
  readonly compute: number;
  /** B/s. */
  readonly memory: number;
  /** J per FLOP. */
  readonly joules: number;
}

/** Hardware that is held at fewer watts than the catalog has for it. */
export interface Held extends Hardware {
  /** W. */
  readonly power_limit?: number;
}

const FREE: Clocks = { compute: 1, memory: 1, joules: 1 };

/**
 * Above idle power goes as clock^2.7 while the voltage falls with the clock (cube law less what does not scale: RTX PRO 6000 Server at 60,
 * 69 and 80 % of 500 W computes 0.79, 0.85 and 0.91 of its rate, this says 0.80, 0.85, 0.91; RTX 3090 at 86 and 71 % of 350 W reads
 * prompts at 0.94 and 0.85, this says 0.94 and 0.86; voipmonitor/rtx6kpro@29f3863 and llmgarage.ai 2026-02, catalog/power.csv).
 */
const EXPONENT = 2.7;
/**
 * Share of TDP at which the voltage is at its floor: below, clocks fall in proportion to power. Boards differ most here: at half of its
 * TDP RTX PRO 6000 Workstation computes 0.55 of its rate, at a quarter 0.23 (this says 0.64 and 0.23), RTX 3090 at 43 % 0.26 (0.52).
 */
const FLOOR_SHARE = 0.6;
/** Clocks below which memory traffic, too, is late: RTX 3090 decodes at 0.94 of its rate at 57 % of its TDP, 0.86 at 43 % (0.87 here). */
const FEEDS_MEMORY = 0.6;
const aboveIdle = (share: number): number => (share - IDLE_SHARE) / (1 - IDLE_SHARE);
const clockAt = (share: number): number => aboveIdle(share) ** (1 / EXPONENT);

/** Clocks of a board, by the limit it is held at. */
export function clocksOf({ power_limit: limit, tdp_w: tdp }: Held): Clocks {
  if (limit === undefined || tdp === null || limit >= tdp) return FREE;
  const share = limit / tdp;
  const lowest = clockAt(FLOOR_SHARE);
  const clock =
    share >= FLOOR_SHARE ? clockAt(share) : (lowest * Math.max(0, share - IDLE_SHARE)) / (FLOOR_SHARE - IDLE_SHARE);
  return {
    compute: clock,
    memory: Math.min(1, clock / FEEDS_MEMORY),
    joules: Math.max(clock, lowest) ** (EXPONENT - 1),
  };
}
