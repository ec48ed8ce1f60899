// Which places of a document take a number, and of what: asked of the schema, so that an expression may stand wherever a number may.
import type { z } from 'zod';
import type { UnitKind } from '../check/units.ts';

export interface Numeric {
  readonly unit: UnitKind;
  /** A plain number is refused there: a time says its unit. */
  readonly spelled: boolean;
  /** Texts that the place takes as they are, and that are no expression. */
  readonly words?: RegExp;
}

type Schema = z.core.$ZodType;

/** By definition, which a schema shares with its copies that say more of it. */
const numeric = new WeakMap<object, Numeric>();

/** Notes that a schema is one of numbers. */
export function asNumeric<S extends Schema>(schema: S, unit: UnitKind, spelled = false, words?: RegExp): S {
  numeric.set(schema._zod.def, { unit, spelled, ...(words ? { words } : {}) });
  return schema;
}

/** What the place takes, where it takes a number; undefined elsewhere. */
export function numericOf(schemas: readonly Schema[]): Numeric | undefined {
  for (const schema of schemas) {
    const found = numeric.get(schema._zod.def);
    if (found) return found;
  }
  return undefined;
}

/** The definitions that matter here. */
interface Def {
  readonly type: string;
  readonly innerType?: Schema;
  readonly options?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly items?: readonly Schema[];
  readonly getter?: () => Schema;
}

/** Every schema that a value may be held against: unions opened, what may be left out unwrapped. */
export function openSchema(schema: Schema): Schema[] {
  if (numeric.has(schema._zod.def)) return [schema];
  const { innerType, options, getter } = schema._zod.def as unknown as Def;
  if (innerType) return openSchema(innerType);
  if (getter) return openSchema(getter());
  return options ? options.flatMap(openSchema) : [schema];
}

const steps = new WeakMap<Schema, Map<string | number, readonly Schema[]>>();

/** The schemas of what stands at a key, or at a place of a list. */
export function stepInto(schemas: readonly Schema[], key: string | number): Schema[] {
  return schemas.flatMap((schema) => {
    const known = steps.get(schema) ?? new Map<string | number, readonly Schema[]>();
    steps.set(schema, known);
    const found = known.get(key) ?? innerOf(schema, key);
    known.set(key, found);
    return found;
  });
}

function innerOf(schema: Schema, key: string | number): Schema[] {
  const { shape, valueType, element, items } = schema._zod.def as unknown as Def;
  if (typeof key === 'number') return openAny(items?.[key] ?? element);
  // a key may be called as what every object has
  return openAny(shape && Object.hasOwn(shape, key) ? shape[key] : shape ? undefined : valueType);
}

function openAny(schema: Schema | undefined): Schema[] {
  return schema ? openSchema(schema) : [];
}
