// The rate that people make: one conversion for specs and for the explorer.

export const HOUR = 3600; // s

/** Requests/s of `count` users of whom the share `active` asks `perHour` times an hour each. */
export function rateOfUsers(count: number, active: number, perHour: number): number {
  return (count * active * perHour) / HOUR;
}
