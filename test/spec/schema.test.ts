// The JSON Schema describes every key, and says the same as the reader about what is allowed.
import { describe, expect, it } from 'vitest';
import { specJsonSchema } from '../../src/spec/fleet/schema.ts';

interface Schema {
  readonly description?: string;
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: unknown;
  readonly anyOf?: Schema[];
  readonly oneOf?: Schema[];
  readonly items?: Schema;
  readonly const?: unknown;
}

const SCHEMA = specJsonSchema() as Schema;

/** Keys of the document that lack a description. What a key of an axis or a distribution means is told where it is used. */
function undescribed(schema: Schema, path: string): string[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])];
  const here = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const place = path === '' ? key : `${path}.${key}`;
    const alone = ['from', 'to', 'process', 'uniform', 'normal', 'lognormal', 'exponential'].includes(key);
    return [...(value.description || alone ? [] : [place]), ...undescribed(value, place)];
  });
  return [...here, ...inner.flatMap((branch) => undescribed(branch, path))];
}

describe('specJsonSchema', () => {
  it('describes every key', () => {
    expect(undescribed(SCHEMA, '')).toEqual([]);
  });

  it('has every section and refuses unknown keys', () => {
    expect(Object.keys(SCHEMA.properties ?? {})).toEqual([
      ...[
        'spec_version',
        'name',
        'let',
        'where',
        'study',
        'model',
        'deployment',
        'engine',
        'fleet',
        'links',
        'topology',
        'tiers',
        'disaggregation',
        'pipelines',
        'workload',
        'client',
        'slo',
        'budget',
        'objective',
        'pareto',
        'top',
        'settle',
        'prices',
        'price_sheet',
        'ownership',
        'watts',
        'power',
      ],
    ]);
    for (const section of ['workload', 'deployment', 'engine', 'slo']) {
      // a section, or an axis of sections
      expect(SCHEMA.properties?.[section].anyOf?.[0].additionalProperties).toBe(false);
    }
    expect(SCHEMA.additionalProperties).toBe(false);
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(SCHEMA))).toEqual(SCHEMA);
  });
});
