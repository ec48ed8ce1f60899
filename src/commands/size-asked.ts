// The flags of mist size as the data of a spec: a model, a rate, lengths, limits; mistakes in it are told by the flag.
import { resolve } from 'node:path';
import { isPriceFile } from '../catalog/price-file.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { SLO_KEYS } from '../spec/slo.ts';
import { wholeFlag } from './flags.ts';

export interface Asked {
  readonly data: Readonly<Record<string, unknown>>;
  /** Where paths in it are relative to. */
  readonly file: string;
  /** A mistake as its writer knows the place. */
  blame(issue: Issue): Issue;
}

/** The lengths that are taken where nobody says. */
export const LENGTHS = 'azure-conv-2023';

/** Limits that have a flag: `--p99-ttft` is `slo.p99_ttft`. With its unit: vLLM's milliseconds are for specs. */
const LIMITS = SLO_KEYS.filter(({ milliseconds }) => !milliseconds).map(({ key }) => ({
  key,
  flag: `--${key.replaceAll('_', '-').replace('.', '-')}` as const,
}));

/** Flags that stand for a place in a spec, which a spec would contradict. */
export const ASKED_FLAGS = {
  '--model': String,
  '--hardware': String,
  '--rate': String,
  '--lengths': String,
  '--input-len': String,
  '--output-len': String,
  '--requests': String,
  '--engine': String,
  '--quantization': String,
  '--kv-cache-dtype': String,
  ...Object.fromEntries(LIMITS.map(({ flag }) => [flag, String] as const)),
} as const;
type Words = { readonly [flag: string]: unknown };

/** Which flag a place of the document is written by. */
const FLAG_OF: readonly (readonly [place: string, flag: string])[] = [
  ['model', '--model'],
  ['workload.request_rate', '--rate'],
  ['workload.lengths.input_len', '--input-len'],
  ['workload.lengths.output_len', '--output-len'],
  ['workload.lengths', '--lengths'],
  ['workload.num_requests', '--requests'],
  ['deployment.hardware', '--hardware'],
  ['engine.profile', '--engine'],
  ['engine.quantization', '--quantization'],
  ['engine.kv_cache_dtype', '--kv-cache-dtype'],
  ...LIMITS.map(({ key, flag }) => [`slo.${key}`, flag] as const),
];

/** Throws UserError with everything that is missing or contradicts itself. */
export function readAsked(flags: Words): Asked {
  const text = (flag: string) => flags[flag] as string | undefined;
  const issues: Issue[] = [];
  const need = (flag: string, expected: string) => {
    if (text(flag) === undefined) issues.push({ path: flag, expected, received: 'nothing', hint: 'or a spec file' });
  };
  need('--model', 'a model of the catalog, or the path of a config.json');
  need('--rate', 'requests per second');
  const [input, output] = [text('--input-len'), text('--output-len')];
  if (text('--lengths') !== undefined && (input ?? output) !== undefined)
    issues.push({
      path: '--lengths',
      expected: '--lengths or --input-len and --output-len, not both',
      received: 'both',
    });
  else if ((input === undefined) !== (output === undefined))
    issues.push({
      path: input === undefined ? '--input-len' : '--output-len',
      expected: 'tokens: both lengths or none',
      received: 'nothing',
    });
  if (issues.length > 0) throw new UserError(issues);
  const count = wholeFlag('--requests', text('--requests'), 1);
  const seed = wholeFlag('--seed', text('--seed'), 0);
  const slo = LIMITS.flatMap(({ key, flag }) => (text(flag) === undefined ? [] : [[key, text(flag)]]));
  const engine = {
    profile: text('--engine'),
    quantization: listOf(text('--quantization')),
    kv_cache_dtype: listOf(text('--kv-cache-dtype')),
  };
  const data = {
    name: `${text('--model')} at ${text('--rate')} requests/s`,
    model: text('--model'),
    workload: {
      lengths:
        input === undefined
          ? (text('--lengths') ?? LENGTHS)
          : { input_len: numberOr(input), output_len: numberOr(output!) },
      request_rate: numberOr(text('--rate')!),
      ...known({ num_requests: count, seed }),
    },
    ...whole('deployment', known({ hardware: hardwareOf(text('--hardware')) })),
    ...whole('engine', known(engine)),
    ...whole('slo', Object.fromEntries(slo)),
  };
  return { data, file: 'mist size', blame };
}

/** By its flag; what no flag says keeps its place. */
function blame({ file: _, line: __, ...issue }: Issue): Issue {
  const [, flag] =
    FLAG_OF.find(
      ([place]) => issue.path === place || issue.path.startsWith(`${place}.`) || issue.path.startsWith(`${place}[`),
    ) ?? [];
  return { ...issue, path: flag ?? issue.path };
}

/** "a,b" as an axis, one word as itself. */
function listOf(text: string | undefined): string | string[] | undefined {
  const words = text?.split(',').map((word) => word.trim());
  return words?.length === 1 ? words[0] : words;
}

const hardwareOf = (text: string | undefined) => (text === undefined || text === 'all' ? undefined : listOf(text));

/** A number where the words are one: what they are otherwise is said of the document. */
const numberOr = (text: string): number | string =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

const known = (part: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));

const whole = (name: string, part: object) => (Object.keys(part).length > 0 ? { [name]: part } : {});

/** A list is read from where the spec lies, and that is not known: its whole path is. */
export function withPrices<Data extends object>(data: Data, prices: string | undefined): Data {
  if (prices === undefined) return data;
  return { ...data, price_sheet: isPriceFile(prices) ? resolve(prices) : prices };
}
