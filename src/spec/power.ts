// The power section: what a site adds to the power of its devices, and what electricity costs there.
import { measured } from '../check/units.ts';

/** Energy of the site and its price. */
export interface PowerSpec {
  /** Power usage effectiveness: energy of the whole site / energy of its devices. */
  readonly pue: number;
  /** USD per kWh, paid on top of the devices' price; null = their price contains it. */
  readonly usd_per_kwh: number | null;
}

/** Devices alone, and electricity within their price. */
export const NO_SITE: PowerSpec = { pue: 1, usd_per_kwh: null };

/** Reads a section that was checked already. */
export function readPower(input: { readonly pue?: unknown; readonly usd_per_kwh?: unknown } | undefined): PowerSpec {
  const { pue, usd_per_kwh: price } = input ?? {};
  return {
    pue: pue === undefined ? NO_SITE.pue : measured(pue as number | string, 'number'),
    usd_per_kwh: price === undefined ? NO_SITE.usd_per_kwh : measured(price as number | string, 'number'),
  };
}

/** "PUE 1.2, $0.08/kWh": for people. */
export function explainPower({ pue, usd_per_kwh: price }: PowerSpec): string {
  return `PUE ${pue}${price === null ? '' : `, electricity at ${price} USD per kWh on top of the devices' price`}`;
}
