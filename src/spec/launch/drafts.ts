// Speculative decoding in the words of each engine, to the section of a spec and back.

import { isRecord } from '../../check/python-json.ts';
import { DRAFT_METHODS, type DraftMethod } from '../speculative.ts';
import type { Configuration } from '../types.ts';
import { type Fault, type Lost, numberOf, type Told } from './settle.ts';
import { COUNT } from './value.ts';
import { VLLM_QUANTIZATION } from './vllm-flags.ts';

export interface SettledDrafts {
  /** What the section says, without the acceptance, which no command says; null where nothing is drafted. */
  readonly section: Readonly<Record<string, unknown>> | null;
  readonly lost: readonly Lost[];
  readonly faults: readonly Fault[];
}

const NONE: SettledDrafts = { section: null, lost: [], faults: [] };
const VLLM = '--speculative-config';
/** Keys of vLLM's object that say nothing of time, or that are the other keys. */
const VLLM_SILENT = ['prompt_lookup_max', 'prompt_lookup_min', 'revision', 'code_revision', 'max_model_len'];

/** vLLM's object, or the flags that it had before. */
export function draftsFromVllm(told: Told): SettledDrafts {
  const apart = told.draft_model !== undefined || told.draft_method !== undefined;
  const old: Told | undefined = apart ? { model: told.draft_model, ...oldKeys(told) } : undefined;
  const given: Told | undefined = isRecord(told.speculative_config) ? told.speculative_config : old;
  if (given === undefined) return NONE;
  const method = methodOfVllm(given);
  const drafts = COUNT.read(given.num_speculative_tokens);
  const faults: Fault[] = [];
  const at = (key: string) => (old === given ? '--speculative-model' : `${VLLM}.${key}`);
  if (method === null) {
    const expected = `a method among ${DRAFT_METHODS.join(', ')}`;
    faults.push({ path: at('method'), expected, received: String(given.method ?? given.model) });
  }
  if (!drafts || !('value' in drafts)) {
    const received = String(given.num_speculative_tokens ?? 'nothing');
    faults.push({ path: at('num_speculative_tokens'), expected: 'how many tokens are drafted', received });
  }
  if (method === null || !drafts || !('value' in drafts)) return { ...NONE, faults };
  const quantization = VLLM_QUANTIZATION.read(given.quantization);
  const ownModel = method === 'draft_model';
  const section = {
    method,
    num_speculative_tokens: drafts.value,
    ...(given.model !== undefined && (ownModel || method.startsWith('eagle')) ? { model: given.model } : {}),
    ...(ownModel && quantization && 'value' in quantization ? { quantization: quantization.value } : {}),
    ...(ownModel && typeof given.draft_tensor_parallel_size === 'number'
      ? { draft_tensor_parallel_size: given.draft_tensor_parallel_size }
      : {}),
  };
  const known = ['method', 'num_speculative_tokens', 'model', 'quantization', 'draft_tensor_parallel_size'];
  const lost = Object.keys(given)
    .filter((key) => !known.includes(key) && !VLLM_SILENT.includes(key))
    .map((key) => ({ flag: `${VLLM}.${key}`, why: 'a draft is its method, its length and its model' }));
  return { section, lost, faults };
}

function oldKeys(told: Told): Told {
  const { num_speculative_tokens, draft_tensor_parallel_size, draft_method: method } = told;
  return {
    num_speculative_tokens,
    ...(method === undefined ? {} : { method }),
    ...(draft_tensor_parallel_size === undefined ? {} : { draft_tensor_parallel_size }),
  };
}

/** `deepseek_mtp`, `[ngram]`, or by the name of what drafts, as vLLM finds it. */
function methodOfVllm({ method, model }: Told): DraftMethod | null {
  const word = String(method ?? '');
  if (word.endsWith('mtp')) return 'mtp';
  if (word !== '') return DRAFT_METHODS.find((known) => known === word) ?? null;
  const name = String(model ?? '').toLowerCase();
  if (/^\[?ngram\]?$/.test(name)) return 'ngram';
  if (name.includes('eagle3')) return 'eagle3';
  if (name.includes('eagle-')) return 'eagle';
  return name === '' ? null : 'draft_model';
}

/** SGLang counts the token that the drafts follow; TensorRT-LLM counts its layers. */
export function draftsFromWords(
  told: Told,
  flags: { readonly method: string; readonly length: string },
): SettledDrafts {
  const { draft_method, draft_model, draft_steps, draft_topk, draft_tokens, draft_layers } = told;
  if (draft_method === undefined) return NONE;
  // a head without a checkpoint of its own is the model's
  const method = draft_method === 'eagle' && draft_model === undefined ? 'mtp' : (draft_method as DraftMethod);
  const beyond = typeof draft_tokens === 'number' ? draft_tokens - 1 : undefined;
  const drafts = numberOf(draft_layers ?? draft_steps ?? beyond, 0);
  if (drafts < 1) {
    const expected = 'how many tokens are drafted: the engine would choose by the model';
    return { ...NONE, faults: [{ path: flags.length, expected, received: 'nothing' }] };
  }
  const named = draft_model !== undefined && (method === 'draft_model' || method.startsWith('eagle'));
  const tree = numberOf(draft_topk, 1) > 1;
  return {
    section: { method, num_speculative_tokens: drafts, ...(named ? { model: draft_model } : {}) },
    lost: tree ? [{ flag: '--speculative-eagle-topk', why: 'drafts are a chain, not a tree' }] : [],
    faults: [],
  };
}

type Drafting = Pick<Configuration, 'speculative_config' | 'num_speculative_tokens'>;

export function draftsToVllm(c: Drafting, isOld: boolean, notes: string[]): Told {
  const { speculative_config: config, num_speculative_tokens: drafts } = c;
  if (!config || drafts === 0) return {};
  noteHead(config, notes);
  const model = config.model === '' ? {} : { model: config.model };
  const split = config.draft_tensor_parallel_size;
  const quantized = config.quantization === 'auto' ? undefined : VLLM_QUANTIZATION.write(config.quantization);
  if (isOld) {
    if (config.method !== 'draft_model' && config.method !== 'ngram')
      notes.push(`vLLM of that time had no flag for ${config.method}`);
    if (quantized !== undefined) notes.push(`serve a draft checkpoint whose weights are ${config.quantization}`);
    const draft_model = config.method === 'ngram' ? '[ngram]' : config.model || undefined;
    const own = split > 0 ? { draft_tensor_parallel_size: split } : {};
    return draft_model === undefined ? {} : { draft_model, num_speculative_tokens: drafts, ...own };
  }
  const fields = {
    ...{ method: config.method, num_speculative_tokens: drafts, ...model },
    ...(quantized === undefined ? {} : { quantization: quantized }),
    ...(split > 0 ? { draft_tensor_parallel_size: split } : {}),
  };
  return { speculative_config: fields };
}

export function draftsToWords(c: Drafting, engine: 'sglang' | 'trtllm', notes: string[]): Told {
  const { speculative_config: config, num_speculative_tokens: drafts } = c;
  if (!config || drafts === 0) return {};
  noteHead(config, notes);
  if (config.quantization !== 'auto') notes.push(`serve a draft checkpoint whose weights are ${config.quantization}`);
  if (config.draft_tensor_parallel_size > 0) notes.push('the draft model is split as the model is');
  const model = config.model === '' ? {} : { draft_model: config.model };
  const method = { draft_method: config.method };
  if (engine === 'trtllm')
    return { ...method, ...(config.method === 'mtp' ? { draft_layers: drafts } : { draft_steps: drafts }), ...model };
  const steps = config.method === 'ngram' ? {} : { draft_steps: drafts, draft_topk: 1 };
  return { ...method, ...model, ...steps, draft_tokens: drafts + 1 };
}

function noteHead({ method, model }: NonNullable<Drafting['speculative_config']>, notes: string[]): void {
  if (model === '' && method.startsWith('eagle')) notes.push(`name the ${method} head as the model that drafts`);
}
