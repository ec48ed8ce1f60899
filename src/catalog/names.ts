// Names that people type for a model: around the name of an architecture stand an owner, words of tuning, a date and a quantisation.
import type { Model, WeightFormat } from './types.ts';

/** What a name stands for. */
export interface NamedModel {
  readonly id: string;
  /** The format of the weights that the name implies; null where it says nothing. */
  readonly format: WeightFormat | null;
  /** What was taken for what; '' where the name is the catalog's own. */
  readonly words: string;
}

/** Endings that say how a checkpoint was quantised. */
const QUANTISED: readonly (readonly [RegExp, WeightFormat])[] = [
  [/[.-](quantized\.)?w8a(8|16)$/, 'int8'],
  [/[.-](quantized\.)?w4a16$/, 'int4'],
  [/-bnb-8bit$/, 'int8'],
  [/-(unsloth-)?bnb-4bit$/, 'int4'],
  [/-((gptq|awq)-)?(int8|8bit)$/, 'int8'],
  [/-((gptq|awq)-)?(int4|4bit|int3|4b-128g)(-int8mix(-(lite|compact|medium))?)?$/, 'int4'],
  [/-(gptq|awq)(-fp16mix|-lite)?$/, 'int4'],
  [/-fp8(-(dynamic|kv))?$/, 'fp8'],
  [/-(nv)?fp4(-v\d)?$/, 'nvfp4'],
  [/-mxfp4(-preview)?$/, 'mxfp4'],
  [/-bf16$/, 'bf16'],
];

/** Publishers whose 8-bit checkpoints have a scale for each block of 128 x 128 weights (their model cards). */
const BLOCKED = /^(qwen|deepseek-ai|sgl-project|stepfun-ai|minimaxai)\/|^zai-org\/glm-5/;

/** Words of tuning: they share the layers of what was tuned. */
const TUNED = new Set(['instruct', 'it', 'chat', 'base', 'hf', 'pt', 'thinking', 'reasoning', 'preview', 'exp']);
/** A year and a month, or a month and a day. */
const DATE = /^(2\d(0[1-9]|1[0-2])|(0[1-9]|1[0-2])[0-3]\d)$/;

/** In lower case without owner; "3_3" and "_AWQ" are "3.3" and "-awq". */
export function bare(word: string): string {
  const own = word.slice(word.lastIndexOf('/') + 1).toLowerCase();
  return own
    .replace(/(\d)_(\d)/g, '$1.$2')
    .replaceAll('_', '-')
    .replace(/^(meta|nvidia)-/, '');
}

const without = (name: string, drop: (word: string) => boolean): string =>
  name
    .split('-')
    .filter((word) => !drop(word))
    .join('-');

/** The name, then without words of tuning, then without dates: nothing else is dropped, a size least of all. */
function forms(name: string): string[] {
  const plain = without(name, (word) => TUNED.has(word));
  return [name, plain, without(plain, (word) => DATE.test(word))];
}

/** The name without its endings of quantisation, and the format that the last of them says. */
export function withoutFormat(word: string): { name: string; format: WeightFormat | null; ending: string } {
  let [name, ending, format]: [string, string, WeightFormat | null] = [bare(word), '', null];
  for (let next = endingOf(name); next; next = endingOf(name)) {
    format ??= next.format === 'fp8' && BLOCKED.test(word.toLowerCase()) ? 'fp8-block' : next.format;
    ending = name.slice(next.at) + ending;
    name = name.slice(0, next.at);
  }
  return { name, format, ending };
}

function endingOf(name: string): { at: number; format: WeightFormat } | null {
  for (const [pattern, format] of QUANTISED) {
    const found = pattern.exec(name);
    if (found && found.index > 0) return { at: found.index, format };
  }
  return null;
}

/** Looks names of models up. */
export type NameIndex = (word: string) => NamedModel | null;

/** An index over the models of a catalog. A form that two of them share stands for neither; ids come before other names. */
export function indexNames(models: readonly Pick<Model, 'id' | 'name' | 'also' | 'native_format'>[]): NameIndex {
  const known = new Map<string, string>();
  const formats = new Map(models.map((model) => [model.id, model.native_format]));
  const shared = new Set<string>();
  for (const { id, name, also = [] } of models) {
    for (const form of new Set([name, ...also].flatMap((one) => forms(bare(one)).slice(0, 2)))) {
      if ((known.get(form) ?? id) !== id) shared.add(form);
      known.set(form, id);
    }
  }
  for (const form of shared) known.delete(form);
  for (const { id } of models) known.set(id.toLowerCase(), id);
  const own = new Set(models.map(({ name }) => name.toLowerCase()));
  return (word) => {
    const asked = word.toLowerCase();
    if (formats.has(asked)) return { id: asked, format: null, words: '' };
    const { name, format: implied, ending } = withoutFormat(word);
    const form = [bare(word), ...forms(name)].find((one) => known.has(one));
    const id = form === undefined ? undefined : known.get(form);
    if (id === undefined) return null;
    const format = implied === formats.get(id) ? null : implied;
    if (format === null && own.has(asked)) return { id, format, words: '' };
    const narrow = /int3/.test(ending) ? ' (3 bits, counted as 4)' : '';
    const weights = implied === null ? '' : `, weights in ${implied}${narrow} by its ending ${ending}`;
    return { id, format, words: `${word} is taken for the layers of ${id}${weights}` };
  };
}
