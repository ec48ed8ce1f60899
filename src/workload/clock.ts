// Reads the clock of a trace that writes dates: to the nanosecond, without the host's time zone.

const STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;
const DAY = 86400;

export interface Instant {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** "2023-11-16 18:17:03.9799600", with or without a zone (none = UTC); null when it is not a date. */
export function parseInstant(text: string): Instant | null {
  const found = STAMP.exec(text);
  if (!found) return null;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000;
  // Date.UTC turns the 31st of a shorter month into the next month: such a date is a mistake.
  const exists = new Date(midnight * 1000).getUTCDate() === Number(day) && Number(month) >= 1 && Number(month) <= 12;
  const ofDay = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  if (!exists || ofDay >= DAY || Number(minute) > 59 || Number(second) > 59) return null;
  return {
    seconds: midnight + ofDay - parseZone(zone),
    nanoseconds: fraction ? Number(fraction.padEnd(9, '0')) : 0,
  };
}

/** Seconds ahead of UTC. */
function parseZone(zone: string | undefined): number {
  if (!zone || zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60;
  return zone[0] === '-' ? -seconds : seconds;
}

/** Nanoseconds from one instant to a later one; f64 seconds since 1970 would lose the last digits of both. */
export function nanosecondsBetween(from: Instant, to: Instant): number {
  return (to.seconds - from.seconds) * 1e9 + (to.nanoseconds - from.nanoseconds);
}
