// The flags that start an engine with speculative decoding, in the words of each engine.
import type { Configuration } from '../spec/types.ts';

/** A flag of an engine's command, in the words of that engine. */
export type Flag = readonly [name: string, value?: string | number];

/** vLLM takes one JSON object. */
export function draftsOfVllm(configuration: Configuration, labels: Labels, notes: string[]): Flag[] {
  const { speculative_config: config, num_speculative_tokens: drafts } = configuration;
  if (!config || drafts === 0) return [];
  const fields: Record<string, string | number> = { method: config.method, num_speculative_tokens: drafts };
  if (config.model !== '') fields.model = nameOf(config.model, labels);
  else if (config.method.startsWith('eagle'))
    notes.push(`name the ${config.method} head as model in --speculative-config`);
  if (config.quantization === 'fp8') fields.quantization = 'fp8';
  if (config.draft_tensor_parallel_size > 0) fields.draft_tensor_parallel_size = config.draft_tensor_parallel_size;
  return [['--speculative-config', JSON.stringify(fields)]];
}

/** Checkpoints to serve, by model id. */
export type Labels = Readonly<Record<string, string>> | undefined;

/** A path is served from its folder; a label counts only if it looks like a checkpoint ("organisation/name"). */
export function nameOf(model: string, labels: Labels): string {
  const label = labels?.[model];
  return label && /^[\w.-]+\/[\w.-]+$/.test(label) ? label : model.replace(/[\\/]config\.json$/, '');
}

const SGLANG = { draft_model: 'STANDALONE', mtp: 'NEXTN', eagle: 'EAGLE', eagle3: 'EAGLE3', ngram: 'NGRAM' } as const;

/** SGLang counts the token that the drafts follow. */
export function draftsOfSglang(configuration: Configuration, labels: Labels): Flag[] {
  const { speculative_config: config, num_speculative_tokens: drafts } = configuration;
  if (!config || drafts === 0) return [];
  const flags: Flag[] = [['--speculative-algorithm', SGLANG[config.method]]];
  if (config.model !== '') flags.push(['--speculative-draft-model-path', nameOf(config.model, labels)]);
  if (config.method !== 'ngram') flags.push(['--speculative-num-steps', drafts], ['--speculative-eagle-topk', 1]);
  flags.push(['--speculative-num-draft-tokens', drafts + 1]);
  return flags;
}

/** TensorRT-LLM has a section of its options file. */
export function draftsOfTrtllm(configuration: Configuration, labels: Labels): string[] {
  const { speculative_config: config, num_speculative_tokens: drafts } = configuration;
  if (!config || drafts === 0) return [];
  const named = config.model === '' ? '' : `, speculative_model_dir: ${nameOf(config.model, labels)}`;
  const words = {
    draft_model: `decoding_type: DraftTarget, max_draft_len: ${drafts}${named}`,
    mtp: `decoding_type: MTP, num_nextn_predict_layers: ${drafts}`,
    eagle: `decoding_type: Eagle, max_draft_len: ${drafts}${named}`,
    eagle3: `decoding_type: Eagle, max_draft_len: ${drafts}${named}`,
    ngram: `decoding_type: NGram, max_draft_len: ${drafts}`,
  } as const;
  return [`speculative_config: {${words[config.method]}}`];
}
