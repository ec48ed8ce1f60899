// Which splits a model and a hardware allow: the exact necessary conditions that prune a sweep before anything is priced.
import type { Attention, Hardware, Model } from '../catalog/types.ts';
import type { Formats } from '../stages/formats.ts';
import { devicesOf, layersOf, type Split } from '../stages/split.ts';
import { machineOf } from './machine.ts';

export interface IllegalSplit {
  /** Machine word, counted by sweeps. */
  readonly reason:
    | 'degree-not-whole'
    | 'tp-beyond-scale-up'
    | 'tp-exceeds-heads'
    | 'tp-does-not-divide-heads'
    | 'pp-exceeds-layers'
    | 'ep-does-not-divide'
    | 'ep-without-experts'
    | 'ep-exceeds-experts'
    | 'dp-without-experts'
    | 'no-scale-out'
    | 'format-not-supported';
  readonly words: string;
}

/**
 * Why this split cannot run, or null. GPU engines refuse a tp that does not divide the query heads, or that neither divides the KV heads
 * nor is a multiple of them; where a device holds several shards the engine pads heads instead.
 */
export function legalSplit(model: Model, hardware: Hardware, split: Split, formats: Formats): IllegalSplit | null {
  return (
    checkDegrees(split) ??
    checkTensor(model, hardware, split) ??
    checkExperts(model, split) ??
    checkRest(model, hardware, split, formats)
  );
}

function checkDegrees(split: Split): IllegalSplit | null {
  for (const name of ['tp', 'pp', 'dp', 'ep'] as const) {
    const degree = split[name];
    if (!Number.isInteger(degree) || degree < 1)
      return no('degree-not-whole', `${name} is ${degree}, not a whole number of at least 1`);
  }
  return null;
}

function checkTensor(model: Model, hardware: Hardware, split: Split): IllegalSplit | null {
  const { domain } = hardware.scale_up;
  if (split.tp > domain && !machineOf(hardware).network) {
    const words = `tp ${split.tp} exceeds the scale-up domain of ${domain} devices`;
    return no('tp-beyond-scale-up', `${words} (network: LINK says how servers are joined, and it may span them)`);
  }
  const shards = split.tp * split.shards;
  for (const { attention } of model.groups) {
    if (attention.kind === 'none' || attention.kind === 'linear') continue;
    if (shards > attention.heads)
      return no('tp-exceeds-heads', `${shards} shards exceed ${attention.heads} query heads`);
    const words = split.shards === 1 ? divideHeads(attention, split.tp) : null;
    if (words) return no('tp-does-not-divide-heads', words);
  }
  return null;
}

function divideHeads(attention: Attention, tp: number): string | null {
  if (attention.kind === 'none' || attention.kind === 'linear') return null;
  if (attention.heads % tp !== 0) return `tp ${tp} does not divide ${attention.heads} query heads`;
  if (attention.kind === 'mla' || attention.kv_heads % tp === 0 || tp % attention.kv_heads === 0) return null;
  return `tp ${tp} neither divides ${attention.kv_heads} KV heads nor is a multiple of them`;
}

function checkExperts(model: Model, split: Split): IllegalSplit | null {
  let experts = 0;
  for (const { mlp } of model.groups) if (mlp.kind === 'moe') experts = Math.max(experts, mlp.experts);
  if (split.dp > 1 && experts === 0)
    return no('dp-without-experts', 'attention data parallel needs experts to share; use replicas');
  if (split.ep === 1) return null;
  if (experts === 0) return no('ep-without-experts', 'expert parallel needs a model with experts');
  if ((split.tp * split.dp) % split.ep !== 0)
    return no('ep-does-not-divide', `ep ${split.ep} does not divide tp*dp ${split.tp * split.dp}`);
  if (split.ep > experts) return no('ep-exceeds-experts', `ep ${split.ep} exceeds ${experts} experts`);
  return null;
}

function checkRest(model: Model, hardware: Hardware, split: Split, formats: Formats): IllegalSplit | null {
  if (split.pp > layersOf(model)) return no('pp-exceeds-layers', `pp ${split.pp} exceeds ${layersOf(model)} layers`);
  if (devicesOf(split) > hardware.scale_up.domain && hardware.scale_out_bandwidth <= 0) {
    return no(
      'no-scale-out',
      `${devicesOf(split)} devices exceed the scale-up domain of ${hardware.scale_up.domain} and there is no network`,
    );
  }
  // 16-bit hardware stores 8-bit weights and dequantises; below that it needs the rate, or a GPU kernel that unpacks
  const packed = formats.weights === 'nvfp4' || formats.weights === 'mxfp4' || formats.weights === 'int4';
  if (packed && hardware.peak.fp4 === undefined && hardware.kind !== 'gpu' && hardware.kind !== 'gpu+cpu') {
    return no('format-not-supported', `${hardware.id} has no kernels for ${formats.weights} weights`);
  }
  return null;
}

function no(reason: IllegalSplit['reason'], words: string): IllegalSplit {
  return { reason, words };
}
