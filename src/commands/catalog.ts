// mist catalog: what is known of hardware, models, engines, workloads, prices and links, with sources.
import {
  deriveModel,
  describeEngine,
  describeHardware,
  describeLink,
  describeModel,
  describePrices,
  describeShape,
  describeSheet,
  type Fact,
  short,
} from '../catalog/describe.ts';
import { type Catalog, NAMED_KINDS, type NamedKind, openCatalog } from '../catalog/open.ts';
import { countParameters, kvBytesPerToken } from '../catalog/parameters.ts';
import { pricesOf } from '../catalog/price-sheets.ts';
import type { Efficiency } from '../catalog/types.ts';
import { UserError } from '../check/issue.ts';
import { didYouMean, nearest } from '../check/nearest.ts';
import { drawTable, left, right, type TextColumn } from '../report/table.ts';
import { terminalWidth, wrap } from '../report/width.ts';
import { verb } from './flags.ts';

const FLAGS = { '--kind': String, '--json': Boolean, '--catalog': String } as const;

const HELP = `mist catalog [ID ...] [--kind KIND] [--json] [--catalog FOLDER]

  mist catalog                      everything: hardware, models, engines, workloads, prices, links
  mist catalog --kind hardware      one kind
  mist catalog h100-sxm-80gb        one entry with its sources
  mist catalog path/to/config.json  a Hugging Face config.json, as it is understood
  --json                            for programs
  --catalog FOLDER                  a folder of your own (hardware/ models/ engines/ workloads/ prices/ links/ efficiency/), first
`;

/** Exit code 0; a user's mistake is thrown as a UserError (exit code 2). */
export const catalog = verb('catalog', FLAGS, HELP, async (flags, out) => {
  const opened = openCatalog({ folder: flags['--catalog'] });
  const kinds = readKinds(flags['--kind']);
  const asJson = flags['--json'] === true;
  if (flags._.length === 0) {
    out.stdout(asJson ? toJson(listEntries(opened, kinds)) : kinds.map((kind) => drawKind(opened, kind)).join('\n'));
    return 0;
  }
  const entries = findEntries(opened, flags._, kinds);
  if (asJson) {
    const [first, ...others] = entries.map((entry) => entry.json);
    out.stdout(toJson(others.length === 0 ? first : [first, ...others]));
  } else out.stdout(entries.map((entry) => drawFacts(entry.title, entry.facts)).join('\n'));
  return 0;
});

function readKinds(kind: string | undefined): readonly NamedKind[] {
  if (kind === undefined) return NAMED_KINDS;
  const found = NAMED_KINDS.find((name) => name === kind);
  if (found) return [found];
  const hint = didYouMean(kind, NAMED_KINDS, 1);
  throw new UserError([{ path: '--kind', expected: `one of ${NAMED_KINDS.join(', ')}`, received: kind, hint }]);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

interface Described {
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly json: unknown;
}

function readEntry(opened: Catalog, kind: NamedKind, id: string) {
  if (kind === 'hardware') return opened.hardware(id);
  if (kind === 'models') return opened.model(id);
  if (kind === 'prices') return opened.sheet(id);
  if (kind === 'links') return opened.link(id);
  return kind === 'engines' ? opened.engine(id) : opened.shape(id);
}

function listEntries(opened: Catalog, kinds: readonly NamedKind[]): Record<string, unknown[]> {
  return Object.fromEntries(kinds.map((kind) => [kind, opened.ids(kind).map((id) => readEntry(opened, kind, id))]));
}

/** Every word's entry; all unknown words are named at once. */
function findEntries(opened: Catalog, words: readonly string[], kinds: readonly NamedKind[]): Described[] {
  const found: Described[] = [];
  const mistakes: UserError[] = [];
  for (const word of words) {
    try {
      found.push(findEntry(opened, word, kinds));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(error);
    }
  }
  if (mistakes.length > 0) throw new UserError(mistakes.flatMap((mistake) => mistake.issues));
  return found;
}

function findEntry(opened: Catalog, word: string, kinds: readonly NamedKind[]): Described {
  for (const kind of kinds) {
    const id = opened.find(kind, word);
    if (id !== null) return describe(opened, kind, id);
  }
  if (kinds.includes('models') && /[\\/]|\.json$/.test(word)) return describe(opened, 'models', word);
  const [kind, ...others] = kinds;
  if (kind && others.length === 0) return describe(opened, kind, word);
  const known = kinds.flatMap((kind) => opened.ids(kind));
  const close = nearest(word, known);
  const hint = close.length > 0 ? `did you mean ${close.join(', ')}?` : 'mist catalog lists them';
  throw new UserError([{ path: 'mist catalog', expected: 'an id of the catalog', received: word, hint }]);
}

function describe(opened: Catalog, kind: NamedKind, id: string): Described {
  if (kind === 'hardware') {
    const entry = opened.hardware(id);
    const efficiency = opened.efficiency(entry.id);
    const sheets = opened.ids('prices').map((kind) => opened.sheet(kind));
    const facts = [...describeHardware(entry), ...describePrices(entry, sheets), ...describeEfficiency(efficiency)];
    const prices = Object.fromEntries(
      sheets.flatMap((sheet) =>
        sheet.prices.filter(({ hardware }) => hardware === entry.id).map((price) => [sheet.id, price]),
      ),
    );
    return { title: entry.id, facts, json: { ...entry, prices, efficiency } };
  }
  if (kind === 'models') {
    const entry = opened.model(id);
    return { title: entry.id, facts: describeModel(entry), json: { ...entry, computed: deriveModel(entry) } };
  }
  if (kind === 'engines') {
    const entry = opened.engine(id);
    return { title: entry.id, facts: describeEngine(entry), json: entry };
  }
  if (kind === 'links') {
    const entry = opened.link(id);
    return { title: entry.id, facts: describeLink(entry), json: entry };
  }
  if (kind === 'prices') {
    const entry = opened.sheet(id);
    return { title: entry.id, facts: describeSheet(entry), json: entry };
  }
  const entry = opened.shape(id);
  return { title: entry.id, facts: describeShape(entry), json: entry };
}

function describeEfficiency(efficiency: Efficiency | null): Fact[] {
  if (!efficiency) return [['efficiency', 'no fits of its own: borrowed from relatives or the vendor']];
  const fits = efficiency.ops.map((fit): Fact => {
    const error = fit.error_out === undefined ? '' : `, ${short(fit.error_out * 100)} % median error held out`;
    const shares = `compute ${short(fit.eta_compute)}, memory ${short(fit.eta_memory)}`;
    return [`${fit.family} ${fit.format}`, `${shares}, ${short(fit.t0_s * 1e6)} us, p ${fit.p}; ${fit.basis}${error}`];
  });
  const groups = [...new Set(efficiency.collectives.map((fit) => `${fit.op} ${fit.devices}`))];
  const collectives: Fact[] = groups.length > 0 ? [['collectives', groups.join(', ')]] : [];
  return [...fits, ...collectives, ['fits from', `${efficiency.source} (${efficiency.licence})`]];
}

/** Labels in one column, values wrapped beside them. */
function drawFacts(title: string, facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.flatMap(([label, value]) =>
    wrap(value, Math.min(100, terminalWidth() - 4) - width).map(
      (line, i) => `  ${(i === 0 ? label : '').padEnd(width)}  ${line}`,
    ),
  );
  return `${title}\n${lines.join('\n')}\n`;
}

const INDENT = '  ';

/** One kind as a table. */
function drawKind(opened: Catalog, kind: NamedKind): string {
  const ids = opened.ids(kind);
  const { columns, row } = TABLES[kind];
  const lines = drawTable(
    columns,
    ids.map((id) => row(opened, id)),
    terminalWidth() - INDENT.length,
  );
  return `${kind} (${ids.length})\n${lines.map((line) => INDENT + line).join('\n')}\n`;
}

/** Under the sheet that a spec without one has. */
function priceIn(opened: Catalog, id: string): string {
  const prices = pricesOf({ prices: {}, power: { usd_per_kwh: null } }, opened);
  return prices[id]?.toFixed(2) ?? '-';
}

interface KindTable {
  readonly columns: readonly TextColumn[];
  row(opened: Catalog, id: string): string[];
}

const TABLES: Readonly<Record<NamedKind, KindTable>> = {
  hardware: {
    columns: [
      ...left(['id']),
      ...left(['vendor', 'family'], { spare: 1 }),
      ...right(['bf16 TFLOP/s', 'fp8', 'fp4', 'GB', 'GB/s']),
      ...right(['link GB/s'], { spare: 2 }),
      ...right(['W', 'USD/h']),
    ],
    row(opened, id) {
      const { vendor, generation, peak, ...entry } = opened.hardware(id);
      const tera = (rate?: number) => (rate === undefined ? '-' : short(rate / 1e12));
      return [
        ...[id, vendor, generation, tera(peak.bf16), tera(peak.fp8), tera(peak.fp4)],
        ...[
          short(entry.memory_bytes / 1e9),
          short(entry.memory_bandwidth / 1e9),
          short(entry.scale_up.bandwidth / 1e9),
        ],
        ...[entry.tdp_w === null ? '-' : short(entry.tdp_w), priceIn(opened, id)],
      ];
    },
  },
  models: {
    columns: [
      ...[...left(['id']), ...right(['B total', 'B active']), ...left(['checkpoint'])],
      ...[...right(['layers', 'KV B/token', 'context']), ...left(['name'], { cut: true, spare: 1 })],
    ],
    row(opened, id) {
      const model = opened.model(id);
      const { total, active } = countParameters(model);
      const kv = kvBytesPerToken(model, 'bf16');
      const all = kv.growing + kv.window.reduce((sum, window) => sum + window.bytesPerToken, 0);
      const layers = model.groups.reduce((sum, group) => sum + group.count, 0);
      return [
        ...[id, short(total / 1e9), short(active / 1e9), model.native_format, String(layers)],
        ...[Math.round(all).toLocaleString('en-US'), model.max_positions.toLocaleString('en-US'), model.name],
      ];
    },
  },
  engines: {
    columns: [
      ...left(['id', 'batching', 'admission']),
      ...right(['seqs', 'tokens', 'block']),
      ...left(['name'], { cut: true }),
    ],
    row(opened, id) {
      const engine = opened.engine(id);
      const limits = [engine.max_num_seqs, engine.max_num_batched_tokens, engine.block_size].map(String);
      return [id, engine.batching, engine.admission, ...limits, engine.name];
    },
  },
  prices: {
    columns: [...left(['id']), ...right(['devices']), ...left(['name'], { most: 100, cut: true })],
    row(opened, id) {
      const { name, prices } = opened.sheet(id);
      return [id, String(prices.length), name];
    },
  },
  links: {
    columns: [
      ...left(['id']),
      ...right(['GB/s', 'exchanges', 'copies', 'hop us', 'joins']),
      ...left(['name'], { cut: true, spare: 1 }),
    ],
    row(opened, id) {
      const { bandwidth, exchange_share: exchange, copy_share: copy, latency_s, domain, name } = opened.link(id);
      const shares = [exchange, copy].map((part) => `${short(part * 100)} %`);
      return [id, short(bandwidth / 1e9), ...shares, short(latency_s * 1e6), String(domain ?? '-'), name];
    },
  },
  workloads: {
    columns: [...left(['id']), ...right(['requests', 'prompt', 'output']), ...left(['name'], { most: 70, cut: true })],
    row(opened, id) {
      const shape = opened.shape(id);
      return [id, shape.rows.toLocaleString('en-US'), short(shape.prompt_mean), short(shape.output_mean), shape.name];
    },
  },
};
