// mist spec: checks a spec and says how it was understood, or prints the spec's JSON Schema.
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { describeSpec, explainSpec } from '../spec/explain.ts';
import { openSpec } from '../spec/open.ts';
import { specJsonSchema } from '../spec/schema.ts';
import { type Output, readFlags } from './flags.ts';

const FLAGS = {
  '--schema': Boolean,
  '--json': Boolean,
  '--catalog': String,
  '--help': Boolean,
  '-h': '--help',
} as const;

const HELP = `mist spec FILE [--json] [--catalog FOLDER]
mist spec --schema

  mist spec examples/default-chat.yaml  checks the spec and says how it is understood: fixed values, axes, rows
  --schema                              the JSON Schema of a spec, every key described
  --json                                for programs
  --catalog FOLDER                      a folder of your own (hardware/ models/ engines/ workloads/), first
`;

/** Exit code 0; a user's mistakes are thrown as a UserError (exit code 2). */
export async function spec(argv: readonly string[], out: Output): Promise<number> {
  const flags = readQuestion(argv);
  if (flags['--help']) out.stdout(HELP);
  else if (flags['--schema']) out.stdout(toJson(specJsonSchema()));
  else {
    const folder = flags['--catalog'];
    const read = openSpec(flags._[0], openCatalog(folder === undefined ? {} : { folder }));
    out.stdout(flags['--json'] ? toJson(describeSpec(read)) : explainSpec(read));
  }
  return 0;
}

function readQuestion(argv: readonly string[]) {
  const flags = readFlags('spec', FLAGS, argv);
  const files = flags._.length;
  if (flags['--help'] || (flags['--schema'] ? files === 0 : files === 1)) return flags;
  const expected = flags['--schema'] ? 'no file beside --schema' : 'one spec file, or --schema';
  throw new UserError([{ path: 'mist spec', expected, received: files === 0 ? 'none' : flags._.join(' ') }]);
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
