// Reads a Hugging Face config.json into a Model: one layer at a time, then alike layers together.
import { type Issue, show, UserError } from '../check/issue.ts';
import { isRecord, type Json } from '../check/python-json.ts';
import type { Frame } from './config-attention.ts';
import { type Layer, readLayers, readLetters } from './config-blocks.ts';
import { type Family, familyOf, REFUSED_TYPES } from './config-families.ts';
import { Fields } from './config-fields.ts';
import { readFormats, withExpertFormat } from './config-format.ts';
import { countVisionTower } from './config-towers.ts';
import { listUnmodelled } from './config-unmodelled.ts';
import { countParameters } from './parameters.ts';
import type { LayerGroup, Model } from './types.ts';

/** Where multimodal wrappers keep their language model. */
const WRAPPERS = ['text_config', 'llm_config', 'language_config', 'thinker_config'];
const HIDDEN = ['hidden_size', 'n_embd', 'n_embed', 'd_model'] as const;
/** No model has more, and they are read one by one. */
const MOST_LAYERS = 10_000;
const LAYERS = ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'] as const;
const POSITIONS = [
  'max_position_embeddings',
  'n_positions',
  'max_seq_len',
  'seq_length',
  'n_ctx',
  'max_sequence_length',
  'model_max_length',
] as const;

/** The model of a config.json. Throws a UserError with everything that is missing or malformed. */
export function readModelConfig(json: unknown, where: { id: string; file: string }): Model {
  const { data, prefix } = findLanguageModel(json, where.file);
  const fields = new Fields(data, where.file, prefix);
  const outer = json as Json;
  refuse(fields, outer, where.file);
  const model = buildModel(fields, outer, where);
  if (fields.issues.length > 0) throw new UserError(fields.issues);
  refuseUnread(fields, where.file);
  return { ...model, parameters: roundCounts(model) };
}

function roundCounts(model: Model): Model['parameters'] {
  const { total, active } = countParameters(model);
  return { total: Math.round(total), active: Math.round(active) };
}

/** The object that describes the decoder, and its place in the file. */
function findLanguageModel(json: unknown, file: string): { data: Json; prefix: string } {
  let data = json;
  let prefix = '';
  for (let wrapper = findWrapper(data); wrapper; wrapper = findWrapper(data)) {
    data = (data as Json)[wrapper];
    prefix += `${wrapper}.`;
  }
  const shape = isRecord(data) && [HIDDEN, LAYERS].some((names) => names.some((name) => Object.hasOwn(data, name)));
  if (!shape && !(isRecord(data) && Object.hasOwn(data, 'layers_block_type'))) {
    throw new UserError([notConfig(json, file)]);
  }
  return { data: data as Json, prefix };
}

function findWrapper(data: unknown): string | undefined {
  return isRecord(data) ? WRAPPERS.find((name) => isRecord(data[name])) : undefined;
}

function notConfig(json: unknown, file: string): Issue {
  const keys = isRecord(json) ? Object.keys(json) : [];
  const received = isRecord(json) ? `an object with ${keys.slice(0, 6).join(', ') || 'no fields'}` : show(json);
  const expected =
    'a Hugging Face config.json: hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, vocab_size, max_position_embeddings';
  return { path: 'config.json', expected, received: keys.length > 6 ? `${received}, ...` : received, file };
}

function refuse(fields: Fields, outer: Json, file: string): void {
  const type = fields.text('model_type');
  const reason =
    REFUSED_TYPES[type] ?? (outer.is_encoder_decoder === true ? 'an encoder-decoder' : unless(fields, 'ssm_cfg'));
  if (!reason) return;
  const expected = 'a decoder (or BERT-like encoder) whose layers are attention, Mamba-2 or delta nets';
  throw new UserError([{ path: 'model_type', expected, received: `${type || 'none'}, ${reason}`, file }]);
}

/** Fields that hold weights whatever the model. */
const WEIGHTY = /expert|moe_|altup|latent|per_layer/;

/** Sizes that were passed over make every figure wrong: of types that the reader knows only where they name weights. */
function refuseUnread(fields: Fields, file: string): void {
  const type = fields.text('model_type');
  const { known } = familyOf(type);
  const unread = fields.unread().filter((name) => !known || WEIGHTY.test(name));
  if (unread.length === 0) return;
  const expected = 'an architecture all of whose sizes are understood';
  const received = `${type || 'none'}, whose ${unread.slice(0, 8).join(', ')}${unread.length > 8 ? ', ...' : ''} is not`;
  throw new UserError([{ path: 'model_type', expected, received, file }]);
}

function unless(fields: Fields, name: string): string | null {
  return fields.has(name) ? 'a pure state-space model' : null;
}

function buildModel(fields: Fields, outer: Json, { id, file }: { id: string; file: string }): Model {
  const type = fields.text('model_type');
  const { family } = familyOf(type);
  const hidden = fields.size(...HIDDEN);
  const letters = readLetters(fields);
  const stated = letters?.length ?? fields.size(...LAYERS);
  const layers = Math.min(stated, MOST_LAYERS);
  if (stated > MOST_LAYERS) fields.blame(LAYERS[0], `at most ${MOST_LAYERS} layers`, String(stated));
  const positions = fields.size(...POSITIONS);
  const frame: Frame = { fields, family, hidden, layers, positions };
  const kind = isEncoder(family, fields, outer) ? 'encoder' : 'llm';
  const vocab = fields.size('vocab_size', 'padded_vocab_size');
  const tied = fields.flag('tie_word_embeddings', readTied(outer) ?? family.tied);
  const formats = withExpertFormat(fields, readFormats(fields, outer, layers));
  const groups = groupAlike(readLayers(frame, letters));
  const tower = countVisionTower(outer, hidden);
  const { rows, tables, weights } = countOutside(frame, vocab);
  return {
    id,
    name: String(outer._name_or_path || id),
    kind,
    groups,
    hidden,
    vocab,
    tied_embeddings: tied || kind === 'encoder',
    max_positions: positions,
    mtp_layers: countMtp(fields),
    native_format: formats.weights,
    ...(formats.attention ? { native_attention_format: formats.attention } : {}),
    ...(formats.unclear ? { format_unclear: formats.unclear } : {}),
    ...(rows > 0 ? { position_rows: rows } : {}),
    ...(tables > 0 ? { table_parameters: tables } : {}),
    ...(tower ? { tower_parameters: tower } : {}),
    other_parameters: weights,
    parameters: { total: 0, active: 0 },
    unmodelled: [...listUnmodelled(fields, outer, tower), ...formats.assumed],
    source: file,
  };
}

function readTied(outer: Json): boolean | null {
  return typeof outer.tie_word_embeddings === 'boolean' ? outer.tie_word_embeddings : null;
}

/** Bodies of decoders end in "Model" like encoders do; these have a head on theirs. */
const DECODER_BODY = /(LMHead|Generation|Chat|GLM)Model$/;

/** A model without an LM head: BERT and its kin, embedding models cut from decoders, rerankers. */
function isEncoder({ encoder }: Family, fields: Fields, outer: Json): boolean {
  if (encoder) return true;
  const names = fields.data.architectures ?? outer.architectures; // a wrapper is called after its own class
  const name = Array.isArray(names) ? String(names[0] ?? '') : '';
  return /ForSequenceClassification$/.test(name) || (/Model$/.test(name) && !DECODER_BODY.test(name));
}

function countMtp(fields: Fields): number {
  const modules = fields.countOr(0, 'num_mtp_modules') * fields.countOr(1, 'mtp_transformer_layers');
  return modules || fields.countOr(0, 'num_nextn_predict_layers', 'mtp_num_hidden_layers');
}

/** Position and token-type rows, further tables, and weights outside the layers. */
function countOutside(frame: Frame, vocab: number): { rows: number; tables: number; weights: number } {
  const { fields, hidden, layers } = frame;
  const width = fields.countOr(0, 'hidden_size_per_layer_input'); // Gemma 3n and 4
  const tables = width > 0 ? fields.sizeOr(vocab, 'vocab_size_per_layer_input') * width * layers : 0;
  const streams = Math.max(0, fields.countOr(0, 'altup_num_inputs') - 1);
  const inputs = width > 0 ? hidden * width * layers + width + 2 * streams * hidden * hidden : 0;
  const { rows, weights } = countEnds(frame, vocab);
  return { rows, tables, weights: weights + inputs };
}

function countEnds({ fields, family, hidden, positions }: Frame, vocab: number): { rows: number; weights: number } {
  const type = fields.text('model_type');
  if (family.encoder === 'bert') {
    // Norm of the embeddings, and the pooler (a dense layer on the first token).
    const rows = positions + fields.countOr(0, 'type_vocab_size');
    return { rows, weights: 2 * hidden + hidden * hidden + hidden };
  }
  if (type === 'gpt2' || type === 'gpt_bigcode') return { rows: positions, weights: 2 * hidden };
  if (type === 'opt') return { rows: positions + 2, weights: 2 * hidden };
  if (type === 'bloom') return { rows: 0, weights: 3 * hidden }; // a norm after the embedding
  if (type === 'gptj') return { rows: 0, weights: hidden + vocab }; // the head has a bias
  return { rows: 0, weights: hidden };
}

/** Alike layers together, in order of their first appearance. */
function groupAlike(layers: readonly Layer[]): LayerGroup[] {
  const groups = new Map<string, LayerGroup>();
  for (const { attention, mlp, norms } of layers) {
    const one = { attention: attention.attention, mlp: mlp.mlp, other_parameters: attention.other + mlp.other + norms };
    const key = JSON.stringify(one);
    groups.set(key, { ...one, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()].map(({ attention, mlp, count, other_parameters }) => ({
    count,
    attention,
    mlp,
    other_parameters,
  }));
}
