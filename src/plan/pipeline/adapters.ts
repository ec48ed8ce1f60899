// LoRA adapters of a pool as numbers: how large they are, what they take of memory, what loading and serving them takes.
import type { Attention, Hardware, LayerGroup, Model } from '../../catalog/types.ts';
import type { AdapterTraffic, LoraSpec } from '../../spec/fleet/lora.ts';
import { layersOf, localHeads, localKvHeads, localWidth, type Split } from '../../stages/split.ts';
import type { AdapterSetup } from '../setup.ts';

/** Bytes of adapters for each unit of their rank. */
export interface AdapterBytes {
  /** Of a whole one; on each device, all its layers and those of the fullest pipeline stage. */
  readonly whole: number;
  readonly device: number;
  readonly stage: number;
}

/** How large the adapters of a pool are, and on what it stands; null where the spec says it all. */
export interface AdaptersOn {
  readonly bytes: AdapterBytes;
  readonly hardware: Hardware | null;
}

/** Without a model the spec says how large they are, and nothing is split. */
export function adaptersOn(
  rule: LoraSpec | undefined,
  deployment: { readonly model: Model; readonly split: Split; readonly hardware: Hardware } | null,
): AdaptersOn | undefined {
  if (!rule) return undefined;
  const whole = rule.bytesPerRank ?? 0;
  const bytes = deployment && adapterBytes(deployment.model, deployment.split, rule.bytesPerRank);
  return { bytes: bytes ?? { whole, device: whole, stage: whole }, hardware: deployment?.hardware ?? null };
}

/** Bytes of all slots on a device of the fullest stage, which are as large whatever lies in them. */
export function slotBytes(rule: LoraSpec | undefined, on: AdaptersOn | undefined): number {
  return rule && on ? rule.max_loras * rule.max_lora_rank * on.bytes.stage : 0;
}

/** 16-bit weights. */
const BYTES = 2;

/**
 * An adapter of rank r adds to every linear layer r (in + out) weights (Hu et al., arXiv 2106.09685): here those of the mixer and of dense
 * and shared MLPs; routed experts and linear attention have none. Split as vLLM does: of A and B the one whose side is split.
 */
export function adapterBytes(model: Model, split: Split, given: number | null): AdapterBytes {
  const alone: Split = { ...split, tp: 1, shards: 1 };
  const sum = (over: Split) =>
    BYTES * model.groups.reduce((all, group) => all + group.count * layerSides(group, model.hidden, over), 0);
  const own = sum(alone);
  const whole = given ?? own;
  const device = own > 0 ? (whole * sum(split)) / own : whole;
  const layers = layersOf(model);
  return { whole, device, stage: layers > 0 ? (device * Math.ceil(layers / split.pp)) / layers : device };
}

/** Sum over a layer's matrices of what of in + out one device holds. */
function layerSides({ attention, mlp }: LayerGroup, hidden: number, split: Split): number {
  const width = mlp.kind === 'dense' ? mlp.intermediate : mlp.kind === 'moe' ? mlp.shared_intermediate : 0;
  const matrices = mlp.kind !== 'none' && mlp.gated ? 3 : 2;
  return attentionSides(attention, hidden, split) + (width > 0 ? matrices * (hidden + localWidth(width, split)) : 0);
}

function attentionSides(attention: Attention, hidden: number, split: Split): number {
  if (attention.kind === 'none' || attention.kind === 'linear') return 0;
  const heads = localHeads(attention.heads, split);
  if (attention.kind === 'mla') {
    const {
      q_lora_rank: low,
      kv_lora_rank: latent,
      qk_rope_dim: rope,
      qk_nope_dim: nope,
      v_head_dim: value,
    } = attention;
    const query = low === null ? hidden : hidden + 2 * low;
    return (
      query + heads * (nope + rope) + hidden + latent + rope + latent + heads * (nope + value) + heads * value + hidden
    );
  }
  const query = heads * attention.head_dim * (attention.gated ? 2 : 1);
  const keyValue = localKvHeads(attention.kv_heads, split) * attention.head_dim;
  return 4 * hidden + query + 2 * keyValue + heads * attention.head_dim;
}

/** What an engine does with the adapters that requests ask for. `hardware` null: the spec says it all. */
export function adapterSetup(
  rule: LoraSpec,
  { count, rank }: AdapterTraffic,
  bytes: AdapterBytes,
  hardware: Pick<Hardware, 'host_link_bandwidth' | 'memory_bandwidth'> | null,
): AdapterSetup {
  const link = rule.host ?? hardware?.host_link_bandwidth ?? 0;
  const own = rank ?? rule.max_lora_rank;
  const each = (seconds: number) => new Array<number>(count).fill(seconds);
  return {
    slots: rule.max_loras,
    hostSlots: rule.max_cpu_loras,
    load: each(rule.latency + (own * bytes.device) / link),
    fetch: each((own * bytes.whole) / rule.storage),
    overhead: rule.overhead,
    share: rule.perAdapter ?? 0,
    seconds: rule.perAdapter === null && hardware ? (rule.max_lora_rank * bytes.device) / hardware.memory_bandwidth : 0,
  };
}
