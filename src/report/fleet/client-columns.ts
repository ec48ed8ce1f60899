// What an instance did, column by column, for the terminal and for the page.
import type { ClientResult } from '../../metrics/fleet/types.ts';
import { formatNumber, formatShare, formatUsd } from '../format.ts';
import type { TextColumn } from '../table.ts';
import { formatTidy } from './axis.ts';

export interface ClientColumn extends TextColumn {
  readonly show: (client: ClientResult) => string;
}

type Show = ClientColumn['show'];

/** Columns to spare in a narrow terminal have a rank. `devices`: in words; an instance of ours may have none. */
export function clientColumns(devices: (count: number) => string): ClientColumn[] {
  const word = (heading: string, show: Show, rest = {}): ClientColumn => ({ heading, align: 'left', show, ...rest });
  const figure = (heading: string, show: Show, spare?: number): ClientColumn => ({
    ...{ heading, align: 'right', show, spare },
  });
  return [
    word('instance', ({ name }) => name, { cut: true }),
    word('kind', ({ kind }) => kind, { spare: 2 }),
    figure('devices', (client) => devices(client.devices), 1),
    figure('visits', ({ visits }) => formatNumber(visits)),
    figure('busy', ({ utilisation }) => formatShare(utilisation)),
    figure('batch', ({ mean_batch }) => formatTidy(mean_batch)),
    figure('peak batch', ({ peak_batch }) => formatNumber(peak_batch), 5),
    figure('queue', ({ mean_queue }) => formatTidy(mean_queue)),
    figure('peak queue', ({ peak_queue }) => formatNumber(peak_queue), 4),
    figure('KV peak', ({ peak_kv_use }) => formatShare(peak_kv_use)),
    figure('cached', ({ cached_share }) => formatShare(cached_share)),
    figure('preempted', ({ preemptions }) => (preemptions > 0 ? formatNumber(preemptions) : '')),
    figure('W', ({ power_w }) => formatNumber(power_w), 3),
    figure('$/h', ({ usd_per_hour }) => formatUsd(usd_per_hour)),
  ];
}
