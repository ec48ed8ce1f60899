// The section `study` of a document: what is compared, what is claimed of the rows, and which parameters nobody stated.
import { z } from 'zod';
import { show, UserError } from '../check/issue.ts';
import type { DetailAsk } from '../metrics/fleet/detail.ts';
import type { Path, SpecDocument } from '../spec/document.ts';
import { Ledger } from '../spec/fleet/ledger.ts';
import { readSlo } from '../spec/fleet/read.ts';
import { explainMisfits } from '../spec/fleet/structure.ts';
import { name, quantity, section, word } from '../spec/leaf.ts';
import { questionShape } from '../spec/schema.ts';
import { sloName } from '../spec/slo.ts';
import type { Slo } from '../spec/types.ts';

const CLAIM = 'a claim, such as p90(e2el) of "B" < of "A", or {say, where, for, tolerance, source}';
const claim = z.union(
  [
    name(CLAIM),
    section(
      {
        say: name(CLAIM).describe('What is claimed.'),
        where: name('a comparison of axes, such as rate >= 3')
          .optional()
          .describe('Of which rows; of all if left out.'),
        for: word(['every', 'any'])
          .optional()
          .describe('Whether it must hold in every scenario that the other axes make, or in one; every if left out.'),
        tolerance: quantity('number', 'a share from 0 up to 1', { max: 1 })
          .optional()
          .describe('How far a comparison may be missed and still hold; 0 if left out.'),
        source: name('where it is claimed').optional().describe('Where that is claimed, for reports.'),
      },
      CLAIM,
    ),
  ],
  { error: CLAIM },
);

const UNSTATED = 'a list of values, or {from, to} of a number';
const unstated = z.union(
  [z.array(z.unknown()).min(1, { error: UNSTATED }), section({ from: z.number(), to: z.number() }, UNSTATED)],
  {
    error: UNSTATED,
  },
);

export const studySchema = section(
  {
    about: name('a sentence').optional().describe('What the study asks, for reports.'),
    compare: name('the name of an axis')
      .optional()
      .describe('The axis whose values are compared: what `of "B"` and winner() mean where they name none.'),
    scenarios: z
      .array(name('the name of an axis'), { error: 'a list of axes' })
      .optional()
      .describe(
        'Axes that make scenarios beside those of traffic, pipelines, limits and prices: a claim is of each by itself.',
      ),
    load: word(['spec', 'seek'])
      .optional()
      .describe(
        'seek: every row is run at the highest load at which it keeps its promise; spec, as it is written, if left out.',
      ),
    claims: z
      .record(name('a name'), claim, { error: 'claims by name' })
      .optional()
      .describe('What is claimed, by name.'),
    unstated: z
      .record(name('a parameter under let, or the path of a key'), unstated, { error: 'values by parameter' })
      .optional()
      .describe(
        'Parameters that the source of the claims does not state, with what they may be: --where-it-flips tries them.',
      ),
    show: z
      .array(name('a figure'), { error: 'a list of figures' })
      .optional()
      .describe('Figures that tables and pages show; those of the claims if left out.'),
    promises: z
      .record(name('a name'), questionShape.slo.unwrap(), { error: 'limits by name' })
      .optional()
      .describe(
        'Other sets of limits, as `slo` has them, that are held against the same runs: slo_met(NAME), good_fraction(NAME), goodput(NAME).',
      ),
    along: name('the name of an axis').optional().describe('The axis that pictures are drawn along.'),
  },
  'a study: {about, compare, scenarios, load, claims, unstated, show, promises, along}',
);

export interface WrittenClaim {
  readonly name: string;
  readonly path: Path;
  readonly say: string;
  readonly where: string | null;
  readonly scope: 'every' | 'any';
  readonly tolerance: number;
  readonly source: string | null;
}

/** Values of a parameter that nobody stated: all of a list, or a range in which the point is looked for. */
export interface Unstated {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly range: { readonly from: number; readonly to: number } | null;
}

export interface StudySection {
  readonly about: string | null;
  readonly compare: string | null;
  readonly along: string | null;
  readonly scenarios: readonly string[];
  readonly seek: boolean;
  readonly claims: readonly WrittenClaim[];
  readonly unstated: readonly Unstated[];
  readonly show: readonly string[];
  readonly promises: DetailAsk['promises'];
}

type Given = z.infer<typeof studySchema>;

/** Throws UserError with every misfit. */
export function readSection(document: SpecDocument, file: string): StudySection {
  const { study } = document.data as { study?: unknown };
  const ledger = new Ledger(document, file);
  if (study === undefined || study === null) {
    const expected = 'a section study, with claims or figures to show';
    throw new UserError([{ path: 'study', expected, received: show(study), file, line: 1 }]);
  }
  for (const misfit of explainMisfits(studySchema, study, ['study'])) ledger.add(misfit);
  if (ledger.size > 0) throw new UserError(ledger.list());
  const {
    about,
    compare,
    along,
    scenarios = [],
    load,
    claims = {},
    unstated: open = {},
    show: shown = [],
    promises = {},
  } = study as Given;
  const held = Object.entries(promises).map(([key, limits]) => ({ name: key, slo: readPromise(key, limits, ledger) }));
  if (ledger.size > 0) throw new UserError(ledger.list());
  return {
    about: about ?? null,
    compare: compare ?? null,
    along: along ?? null,
    scenarios,
    seek: load === 'seek',
    claims: Object.entries(claims).map(([key, given]) => readClaim(key, given)),
    unstated: Object.entries(open).map(([key, given]) =>
      Array.isArray(given) ? { name: key, values: given, range: null } : { name: key, values: [], range: given },
    ),
    show: shown,
    promises: held,
  };
}

/** Limits of the study's own; what a lone request takes is worked out for those of the spec only. */
function readPromise(key: string, limits: Readonly<Record<string, unknown>>, ledger: Ledger): readonly Slo[] {
  const path = ['study', 'promises', key];
  const read = readSlo(limits, path, ledger);
  const relative = read.find(({ times }) => times !== undefined);
  if (relative) {
    const expected = 'a latency: multiples of the unloaded one are limits of the spec (slo)';
    ledger.add({ path: [...path, sloName(relative)], expected, received: show(limits[sloName(relative)]) });
  }
  return read;
}

function readClaim(key: string, given: z.infer<typeof claim>): WrittenClaim {
  const path = ['study', 'claims', key];
  const plain = { name: key, path, where: null, scope: 'every', tolerance: 0, source: null } as const;
  if (typeof given === 'string') return { ...plain, say: given };
  const { say, where, for: scope = 'every', tolerance = 0, source } = given;
  return {
    ...{ name: key, path: [...path, 'say'], say, scope },
    where: where ?? null,
    tolerance: Number(tolerance),
    source: source ?? null,
  };
}
