// Writes src/catalog/{hardware,models}/*.json from the tables of facts in the data folder (MIST_DATA or ../shared/data).
// Run `npm run tools -- make-catalog`; what it writes is committed, and nothing else needs the data folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inferSchema, initParser } from 'udsv';
import { runnerImport } from 'vite';
import {
  AVAILABILITY,
  formatFix,
  GENERATIONS,
  HARDWARE_FIXES,
  LEFT_OUT,
  MODEL_FIXES,
  NAME_FIXES,
  OTHER_MODELS,
  OWNERS,
  VISIBLE_GIB,
} from './catalog-facts.mjs';
import { makePrices } from './make-prices.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = process.env.MIST_DATA ?? join(root, '..', 'shared', 'data');
const importSource = async (file) => (await runnerImport(join(root, 'src', 'catalog', file))).module;
const { readModelConfig } = await importSource('config-json.ts');
const { countParameters } = await importSource('parameters.ts');
const { indexNames, withoutFormat } = await importSource('names.ts');

function readTable(name) {
  const text = readFileSync(join(data, name), 'utf8');
  return initParser(inferSchema(text)).stringObjs(text);
}

/** One key per line, one list entry per line: what a person reads and a diff shows. */
function format(value) {
  const inline = (part) => JSON.stringify(part, null, 1).replace(/\n\s*/g, ' ');
  const lines = Object.entries(value).map(([key, part]) => {
    if (!Array.isArray(part) || part.length === 0) return `  ${JSON.stringify(key)}: ${inline(part)}`;
    return `  ${JSON.stringify(key)}: [\n${part.map((entry) => `    ${inline(entry)}`).join(',\n')}\n  ]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

function write(kind, id, value) {
  const folder = join(root, 'src', 'catalog', kind);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${id}.json`), format(value));
}

const DEFAULTS = readTable('catalog/prices_default.csv');

/** Units of the table to SI, without the noise of binary fractions. */
const scale = (text, factor) => Number((Number(text) * factor).toPrecision(12));
const orNull = (text) => (text === '' ? null : Number(text));

function makeHardware(row) {
  const fix = HARDWARE_FIXES[row.id] ?? {};
  const rate = (text) => (text === '' ? undefined : scale(text, 1e12));
  const peak = {
    bf16: rate(row.bf16_tflops),
    fp8: rate(row.fp8_tflops),
    int8: rate(row.int8_tops),
    fp4: rate(row.fp4_tflops),
    ...fix.peak,
  };
  const visible = VISIBLE_GIB[row.id];
  const memory = visible
    ? `memory: the ${visible} GiB its driver shows of nominal ${row.mem_gb} (general knowledge, not looked up)`
    : `memory: ${row.mem_gb} GiB, as its parts are built`;
  return {
    id: row.id,
    name: row.name,
    vendor: row.vendor,
    kind: row.kind,
    generation: GENERATIONS[row.id],
    shards_per_device: Number(row.shards_per_device),
    peak: JSON.parse(JSON.stringify(peak)),
    memory_bytes: Math.round((visible ?? Number(row.mem_gb)) * 2 ** 30),
    memory_bandwidth: scale(row.mem_gbps, 1e9),
    memory_type: row.mem_type,
    scale_up: { bandwidth: scale(row.scaleup_gbps_unidir, 1e9), domain: Number(row.scaleup_domain), ...fix.scale_up },
    host_link_bandwidth: scale(row.host_link_gbps_unidir, 1e9),
    scale_out_bandwidth: scale(row.scaleout_gbps_per_dev, 1e9),
    tdp_w: orNull(row.tdp_w),
    ...availabilityOf(row),
    source: [row.source, memory, fix.why].filter(Boolean).join('; '),
    confidence: row.confidence,
  };
}

/** Why a device is not to be rented at a public price, where that is so. */
function availabilityOf({ id }) {
  const { availability = 'rentable', kind = '' } = DEFAULTS.find(({ device_id }) => device_id === id) ?? {};
  if (/low-confidence/.test(kind) && !OWNERS.test(id)) return { availability: 'doubtful' };
  const word = Object.keys(AVAILABILITY).find((start) => availability.startsWith(start));
  return word === undefined ? {} : { availability: AVAILABILITY[word] };
}

function readFacts(id, file) {
  const fix = MODEL_FIXES[id] ?? {};
  const facts = JSON.parse(readFileSync(join(data, file), 'utf8'));
  Object.assign(facts.text_config ?? facts, fix.config);
  Object.assign(facts, fix.outer);
  return { fix, model: { ...readModelConfig(facts, { id, file: `${id}.json` }), ...fix.model } };
}

function makeModel(row) {
  const { fix, model } = readFacts(row.id, join('cases', 'models', `${row.id}.json`));
  const active = model.kind === 'encoder' ? countParameters(model).active : Math.round(row.params_active_b * 1e9);
  const total = Math.round(row.params_total_b * 1e9) + (model.tower_parameters ?? 0);
  return {
    ...model,
    name: fix.name ?? row.hf_reference,
    parameters: { total, active },
    source: [`architecture: ${row.source}`, row.note, fix.why].filter(Boolean).join('; '),
  };
}

/** A model of the newer table: published counts are rounded there, so the computed ones stand. */
function makeNewModel(row) {
  const { fix, model } = readFacts(row.resolves_to, join('catalog', row.config_file));
  const towers = model.unmodelled.filter((words) => !/^(vision|audio) tower/.test(words));
  // towers whose sizes the table leaves out: the published count less the text model
  const tower = fix.towerByDifference ? Math.round(row.total_b * 1e9 - countParameters(model).total) : 0;
  const whole = tower > 0 ? { ...model, tower_parameters: tower, unmodelled: [...TOWER_WORDS, ...towers] } : model;
  const published = `published: ${row.total_b} B, active ${row.active_b} B`;
  return {
    ...whole,
    name: row.hf_id,
    parameters: roundCounts(countParameters(whole)),
    source: [`architecture: ${row.source}`, published, row.note, fix.why].filter(Boolean).join('; '),
  };
}

const roundCounts = ({ total, active }) => ({ total: Math.round(total), active: Math.round(active) });

const TOWER_WORDS = ['vision tower: its weights are counted, its work is not'];

/** Names that stand for a model beside its own: those of the table that the rule of names does not find by itself. */
function withNames(models, rows) {
  const find = indexNames(models);
  const also = new Map();
  for (const row of rows) {
    const id = NAME_FIXES[row.hf_id] ?? row.resolves_to;
    if (find(row.hf_id)?.id === id) continue;
    const owner = row.hf_id.slice(0, row.hf_id.indexOf('/'));
    const { ending } = withoutFormat(row.hf_id);
    const plain = row.hf_id.slice(owner.length + 1, ending === '' ? undefined : -ending.length);
    const list = also.get(id) ?? [];
    if (!list.some((name) => name.toLowerCase() === plain.toLowerCase())) also.set(id, [...list, plain]);
  }
  return models.map((model) => {
    const { id, name, ...rest } = model;
    return also.has(id) ? { id, name, also: also.get(id), ...rest } : model;
  });
}

const devices = [...readTable('cases/hardware_ids.csv'), ...readTable('catalog/hardware_new.csv')];
const shipped = devices.filter(({ id }) => !LEFT_OUT.has(id));
for (const row of shipped) write('hardware', row.id, makeHardware(row));
const watts = new Map(shipped.map(({ id, tdp_w }) => [id, orNull(tdp_w)]));
for (const sheet of makePrices(readTable('catalog/prices.csv'), DEFAULTS, watts)) write('prices', sheet.id, sheet);
const rows = readTable('catalog/models_new.csv');
const models = [
  ...readTable('cases/model_ids.csv').map(makeModel),
  ...rows.filter((row) => row.config_file !== '').map(makeNewModel),
];
models.push(...Object.entries(OTHER_MODELS).map(([id, make]) => ({ ...make(models), id })));
for (const model of withNames(models, rows)) write('models', model.id, model);
writeNames(rows);

/** The names that the suite looks up: what each stands for, as the table says it or as it was corrected. */
function writeNames(rows) {
  const formats = { 'bnb-4bit': 'int4', 'nvfp4 (mixed)': 'nvfp4' };
  const lines = rows.map((row) => {
    const quantised = withoutFormat(row.hf_id).ending !== '';
    const format = quantised ? (formatFix(row.hf_id) ?? formats[row.format] ?? row.format) : '';
    return [row.hf_id, NAME_FIXES[row.hf_id] ?? row.resolves_to, format].join(',');
  });
  const head =
    '# Names of checkpoints as people type them, the model that each stands for and the format its ending implies.\n' +
    '# Facts gathered from public repositories and model cards in 2026-11, corrected where tools/catalog/catalog-facts.mjs says so.\n';
  writeFileSync(join(root, 'test', 'catalog', 'model-names.csv'), `${head}name,model,format\n${lines.join('\n')}\n`);
}
