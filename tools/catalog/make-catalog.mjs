// Writes src/catalog/{hardware,models}/*.json from the tables of facts in the data folder (MIST_DATA or ../shared/data).
// Run `npm run tools -- make-catalog`; what it writes is committed, and nothing else needs the data folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inferSchema, initParser } from 'udsv';
import { runnerImport } from 'vite';
import { GENERATIONS, HARDWARE_FIXES, MODEL_FIXES, VISIBLE_GIB } from './catalog-facts.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(process.env.MIST_DATA ?? join(root, '..', 'shared', 'data'), 'cases');
const importSource = async (file) => (await runnerImport(join(root, 'src', 'catalog', file))).module;
const { readModelConfig } = await importSource('config-json.ts');
const { countParameters } = await importSource('parameters.ts');

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
    usd_per_hour: orNull(row.usd_per_h),
    price_source: row.price_source,
    source: [row.source, memory, fix.why].filter(Boolean).join('; '),
    confidence: row.confidence,
  };
}

function makeModel(row) {
  const fix = MODEL_FIXES[row.id] ?? {};
  const facts = JSON.parse(readFileSync(join(data, 'models', `${row.id}.json`), 'utf8'));
  Object.assign(facts.text_config ?? facts, fix.config);
  const model = readModelConfig(facts, { id: row.id, file: `${row.id}.json` });
  const active = model.kind === 'encoder' ? countParameters(model).active : Math.round(row.params_active_b * 1e9);
  return {
    ...model,
    name: row.hf_reference,
    parameters: { total: Math.round(row.params_total_b * 1e9), active },
    source: [`architecture: ${row.source}`, row.note, fix.why].filter(Boolean).join('; '),
  };
}

for (const row of readTable('hardware_ids.csv')) write('hardware', row.id, makeHardware(row));
for (const row of readTable('model_ids.csv')) write('models', row.id, makeModel(row));
