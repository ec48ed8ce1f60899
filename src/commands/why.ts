// mist why: what the figures of a deployment hang on, and what would change them.
import { openCatalog } from '../catalog/open.ts';
import { openProgress } from '../report/progress.ts';
import { whyJson, whyTable } from '../report/why-fleet.ts';
import { openSpec } from '../run/open-spec.ts';
import { findWhy } from '../run/why/why.ts';
import { onlyWord, shareFlag, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { rowOf, tellAxes } from './row.ts';
import { SPEC_HELP, specVerb } from './spec-door.ts';

const FLAGS = {
  '--row': String,
  '--by': String,
  '--seeds': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--json': Boolean,
} as const;

const USUAL_SHARE = 0.1;
const USUAL_SEEDS = 8;
const MOST_SEEDS = 64;

const HELP = `mist why SPEC [options]

  Why a deployment, or a fleet of pipelines, comes to its figures: what the time of its engines goes into (arithmetic, memory, links,
  launches, host), where requests wait, which limits had a say; and what would change them: every figure of its devices and its load a
  little higher, an instance more, limits of engines doubled, each simulated beside the deployment as it is, over the same requests.

  --row N            row N of a spec that spans several configurations (that of an answer: mist sweep prints it)
  --by P             by how much devices and load are turned (default 10%)
  --seeds N          draws of the traffic under which both are simulated (default ${USUAL_SEEDS}); 1 says nothing of chance
${SPEC_HELP}  --seed N           the first of these seeds
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON

  Figures of a turned device were measured by nobody: what is known of the device is scaled.
`;

/** Exit codes: 0 done, 130 or 143 interrupted (what was turned by then is told). A user's mistakes are thrown (exit code 2). */
export const why = specVerb('why', FLAGS, HELP, async (flags, out, specs) => {
  const file = onlyWord('why', flags._, 'one spec file');
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  const [share, seeds] = [
    shareFlag('--by', flags['--by']) ?? USUAL_SHARE,
    wholeFlag('--seeds', flags['--seeds'], 1, MOST_SEEDS) ?? USUAL_SEEDS,
  ];
  const [row, seed] = [wholeFlag('--row', flags['--row'], 0), wholeFlag('--seed', flags['--seed'], 0)];
  const text = specs.read(file);
  const question = openSpec(text, file, catalog, seed);
  const at = rowOf(question, row, tellAxes('mist why', `mist sweep ${file} finds the best of them; --row N takes one`));
  const first = question.at(at).spec;
  const others = Array.from(
    { length: seeds - 1 },
    (_, i) => openSpec(text, file, catalog, first.workload.seed + i + 1).at(at).spec,
  );
  const progress = openProgress(Boolean(process.stderr.isTTY), (words) => out.stderr(words));
  const interrupt = heedInterrupts();
  try {
    const found = await findWhy([first, ...others], catalog, {
      ...{ share, objective: question.objective, signal: interrupt.signal },
      onProgress: (done, total) => progress.update(done, total, 'turning'),
    });
    progress.end();
    out.stdout(flags['--json'] ? `${JSON.stringify(whyJson(found), null, 2)}\n` : `${whyTable(found)}\n`);
    return found.effects.interrupted ? interrupt.code() : 0;
  } finally {
    interrupt.release();
    progress.end();
  }
});
