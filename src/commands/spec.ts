// mist spec: checks a spec (of a deployment or of pipelines) and says how it was understood, or prints the JSON Schema.
import { parse } from 'yaml';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { tellPaid } from '../catalog/price-sheets.ts';
import { UserError } from '../check/issue.ts';
import { checkFleet } from '../plan/pipeline/lower-fleet.ts';
import { fitText, wrap } from '../report/width.ts';
import { openSpec } from '../run/open-spec.ts';
import { fleetCaveats, fleetPrices } from '../spec/fleet/caveats.ts';
import { describeFleetSpec, explainFleetSpec } from '../spec/fleet/explain.ts';
import { explainPools } from '../spec/fleet/explain-pools.ts';
import { explainAxes } from '../spec/fleet/explain-rows.ts';
import { specJsonSchema } from '../spec/fleet/schema.ts';
import type { Flags } from './flags.ts';
import { type Asked, convert } from './from-command.ts';
import { SPEC_HELP, type SpecDoor, specVerb } from './spec-door.ts';

const FLAGS = {
  '--schema': Boolean,
  '--json': Boolean,
  '--catalog': String,
  '--from-command': [String] as [StringConstructor],
  '--hardware': String,
  '--model': String,
  '--profile': String,
  '--workload': String,
  '--request-rate': String,
  '--acceptance': String,
} as const;

const HELP = `mist spec FILE [--json] [--catalog FOLDER]
mist spec --schema
mist spec --from-command "vllm serve ..." --hardware ID [--workload ID] [--request-rate R] [--model ID] [--profile ID]

  mist spec examples/default-chat.yaml  checks the spec and says how it is understood: fixed values, axes, rows
  mist spec examples/news-search.yaml   the same of a fleet: pools, places, stages, traffic
  --schema                              the JSON Schema of a spec, every key described
  --from-command TEXT|FILE              writes the spec of a server: a command of vLLM, SGLang or TensorRT-LLM (docker run and
                                        scripts too), its start-up log, or an options file of trtllm-serve; names every flag
                                        that a spec cannot say. Twice: the two sides of a disaggregated service
  --hardware ID                         the device, which no command says
  --workload ID, --request-rate R       the load, in place of a stand-in that is marked as one
  --model ID, --profile ID              in place of what the command names; the version of the profile decides over flags
  --acceptance P[,P...]                 how probably a draft is accepted, where the command drafts
${SPEC_HELP}  --json                                for programs
  --catalog FOLDER                      a folder of your own (hardware/ models/ engines/ workloads/), first
`;

/** Exit code 0; a user's mistakes are thrown as a UserError (exit code 2). */
export const spec = specVerb('spec', FLAGS, HELP, async (flags, out, specs) => {
  checkFiles(flags);
  const { '--schema': schema, '--catalog': folder, '--json': json = false } = flags;
  if (flags['--from-command']) {
    const { text, starts, words } = convert(askedOf(flags), openCatalog({ folder }));
    for (const line of words) out.stderr(`${line}\n`);
    out.stdout(
      json ? toJson({ spec: parse(text) as unknown, read: starts.map(({ faults: _, ...read }) => read) }) : text,
    );
    return 0;
  }
  out.stdout(schema ? toJson(specJsonSchema()) : tell(flags._[0]!, specs, openCatalog({ folder }), json));
  return 0;
});

function tell(file: string, specs: SpecDoor, catalog: Catalog, json: boolean): string {
  const sweep = openSpec(specs.read(file), file, catalog);
  const { first } = sweep;
  if (sweep.rows === 1) checkFleet(first, catalog);
  const caveats = fleetCaveats(first, catalog);
  const told = caveats.length > 0 ? { caveats } : {};
  if (json) return toJson({ rows: sweep.rows, axes: sweep.axes, ...told, ...describeFleetSpec(first) });
  const parts = [explainFleetSpec(first), explainPools(sweep), sweep.axes.length > 0 ? explainAxes(sweep) : ''];
  const lines = [...caveats, ...tellPaid(fleetPrices(first, catalog))]
    .flatMap((words) => wrap(words))
    .map((line) => `${line}\n`);
  return fitText([...parts, lines.join('')].filter((part) => part !== '').join('\n'));
}

function askedOf(flags: Flags<typeof FLAGS>): Asked {
  return {
    from: flags['--from-command'] ?? [],
    hardware: flags['--hardware'],
    model: flags['--model'],
    profile: flags['--profile'],
    workload: flags['--workload'],
    requestRate: flags['--request-rate'],
    acceptance: flags['--acceptance'],
  };
}

/** What makes sense beside a command alone. */
const BESIDE = ['--hardware', '--model', '--profile', '--workload', '--request-rate', '--acceptance'] as const;

function checkFiles(flags: Flags<typeof FLAGS> & { readonly '--set'?: readonly string[] }): void {
  const files = flags._.length;
  const other = flags['--schema'] ? '--schema' : flags['--from-command'] ? '--from-command' : null;
  if (other !== null && flags['--set'])
    throw new UserError([{ path: '--set', expected: `no ${other} beside it, but a spec`, received: other }]);
  const odd = flags['--from-command'] ? [] : BESIDE.filter((flag) => flags[flag] !== undefined);
  if (odd.length > 0) {
    const expected = 'no such flag without --from-command: a spec says it itself';
    throw new UserError(odd.map((path) => ({ path, expected, received: String(flags[path]) })));
  }
  if (other === null ? files === 1 : files === 0) return;
  const expected = other === null ? 'one spec file, --schema, or --from-command' : `no file beside ${other}`;
  throw new UserError([{ path: 'mist spec', expected, received: files === 0 ? 'none' : flags._.join(' ') }]);
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
