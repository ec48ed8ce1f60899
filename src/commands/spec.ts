// mist spec: checks a spec (of a deployment or of pipelines) and says how it was understood, or prints the JSON Schema.
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { checkFleet, meetPools } from '../plan/pipeline/lower-fleet.ts';
import { wrap } from '../report/width.ts';
import { fleetCaveats } from '../spec/fleet/caveats.ts';
import { describeFleetSpec, explainFleetSpec } from '../spec/fleet/explain.ts';
import { explainPools } from '../spec/fleet/explain-pools.ts';
import { explainAxes } from '../spec/fleet/explain-rows.ts';
import { specJsonSchema } from '../spec/fleet/schema.ts';
import { readSpecText } from '../spec/open.ts';
import { openQuestion } from '../spec/question.ts';
import { type Flags, verb } from './flags.ts';

const FLAGS = {
  '--schema': Boolean,
  '--json': Boolean,
  '--catalog': String,
} as const;

const HELP = `mist spec FILE [--json] [--catalog FOLDER]
mist spec --schema

  mist spec examples/default-chat.yaml  checks the spec and says how it is understood: fixed values, axes, rows
  mist spec examples/news-search.yaml   the same of a fleet: pools, places, stages, traffic
  --schema                              the JSON Schema of a spec, every key described
  --json                                for programs
  --catalog FOLDER                      a folder of your own (hardware/ models/ engines/ workloads/), first
`;

/** Exit code 0; a user's mistakes are thrown as a UserError (exit code 2). */
export const spec = verb('spec', FLAGS, HELP, async (flags, out) => {
  checkFiles(flags);
  const { '--schema': schema, '--catalog': folder, '--json': json = false } = flags;
  out.stdout(schema ? toJson(specJsonSchema()) : tell(flags._[0], openCatalog({ folder }), json));
  return 0;
});

function tell(file: string, catalog: Catalog, json: boolean): string {
  const sweep = openQuestion(readSpecText(file), file, catalog, undefined, (spec) => meetPools(spec, catalog));
  const { first } = sweep;
  if (sweep.rows === 1) checkFleet(first, catalog);
  const caveats = fleetCaveats(first, catalog);
  const told = caveats.length > 0 ? { caveats } : {};
  if (json) return toJson({ rows: sweep.rows, axes: sweep.axes, ...told, ...describeFleetSpec(first) });
  const parts = [explainFleetSpec(first), explainPools(sweep), sweep.axes.length > 0 ? explainAxes(sweep) : ''];
  const lines = caveats.flatMap((words) => wrap(words)).map((line) => `${line}\n`);
  return [...parts, lines.join('')].filter((part) => part !== '').join('\n');
}

function checkFiles(flags: Flags<typeof FLAGS>): void {
  const files = flags._.length;
  if (flags['--schema'] ? files === 0 : files === 1) return;
  const expected = flags['--schema'] ? 'no file beside --schema' : 'one spec file, or --schema';
  throw new UserError([{ path: 'mist spec', expected, received: files === 0 ? 'none' : flags._.join(' ') }]);
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
