// LoRA adapters in flags: how many run, lie in host memory and how high they are is said there; what they cost is not.
import type { LoraSpec } from '../fleet/lora.ts';
import type { Lost, Told } from './settle.ts';

/** What of a pool's `lora` engines are told, by the words of their tables. */
export function tellLora(rule: LoraSpec | undefined): Told {
  if (!rule) return {};
  const { max_loras, max_cpu_loras, max_lora_rank } = rule;
  return { lora: true, max_loras, max_cpu_loras, max_lora_rank };
}

/** Adapters that flags ask for, which no spec has without what they cost. */
export function loraFromFlags({ lora, max_loras, max_cpu_loras, max_lora_rank }: Told): readonly Lost[] {
  if (lora !== true) return [];
  const given = Object.entries({ max_loras, max_cpu_loras, max_lora_rank }).filter(([, value]) => value !== undefined);
  const words = [
    ...given.map(([key, value]) => `${key}: ${String(value)}`),
    'step_overhead: ..., storage_bandwidth: ...',
  ];
  const why = `state lora: {${words.join(', ')}} and workload.adapters: what adapters cost, and who asks for them, no flag says`;
  return [{ flag: '--enable-lora', why }];
}

/** Flags that say how many adapters, where there are none. */
export const idleLora = (told: Told, flags: Readonly<Record<string, string>>): string[] =>
  told.lora === true ? [] : Object.keys(flags).flatMap((word) => (told[word] === undefined ? [] : [flags[word]!]));
