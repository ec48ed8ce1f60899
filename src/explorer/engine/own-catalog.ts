// The catalog of a question, with what-ifs as files of a folder of one's own: the same files make the command line say the same.
import { type Catalog, openCatalog } from '../../catalog/open.ts';
import type { LengthShape } from '../../catalog/types.ts';
import { dropFile, putFile } from '../../host/browser.ts';
import type { TextFile, WhatIf } from '../protocol.ts';

const FOLDER = '/catalog';

export interface Opened {
  readonly catalog: Catalog;
  readonly folder: string | null;
  readonly files: readonly TextFile[];
}

let shipped: Catalog | undefined;
let own: { readonly key: string; readonly opened: Opened } | undefined;

/** The catalog that ships where nothing is asked what if; one that was opened before stays open. */
export function openAsked(whatIf: WhatIf): Opened {
  shipped ??= openCatalog();
  const files = filesOf(whatIf, shipped);
  const key = files.map(({ text }) => text).join('\n');
  if (own?.key === key) return own.opened;
  for (const { path } of own?.opened.files ?? []) dropFile(`/${path}`);
  for (const { path, text } of files) putFile(`/${path}`, text);
  const opened =
    files.length === 0
      ? { catalog: shipped, folder: null, files }
      : { catalog: openCatalog({ folder: FOLDER }), folder: FOLDER, files };
  own = { key, opened };
  return opened;
}

function filesOf({ hardware, bandwidth, workload, length }: WhatIf, catalog: Catalog): TextFile[] {
  const devices = bandwidth === 1 ? [] : hardware;
  return [
    ...devices.map((id) => {
      const device = catalog.hardware(id);
      const changed = { ...device, memory_bandwidth: Math.round(device.memory_bandwidth * bandwidth) };
      return fileOf('hardware', id, changed);
    }),
    ...(workload !== '' && length !== 1
      ? [fileOf('workloads', workload, stretch(catalog.shape(workload), length))]
      : []),
  ];
}

const fileOf = (kind: string, id: string, data: object): TextFile => ({
  path: `catalog/${kind}/${id}.json`,
  text: `${JSON.stringify(data, null, 1)}\n`,
});

/** Every prompt and every answer `by` times as long. */
function stretch(shape: LengthShape, by: number): object {
  const scale = (values: readonly number[]) => values.map((value) => Math.max(1, Number((value * by).toPrecision(6))));
  return {
    ...shape,
    prompt_mean: shape.prompt_mean * by,
    output_mean: shape.output_mean * by,
    strata: shape.strata.map((stratum) => ({
      ...stratum,
      prompt_quantiles: scale(stratum.prompt_quantiles),
      output_quantiles: scale(stratum.output_quantiles),
    })),
  };
}
