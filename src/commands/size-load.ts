// mist size --max-load: the highest load at which a fleet keeps its promise.
import { openCatalog } from '../catalog/open.ts';
import { maxLoadJson, maxLoadTable } from '../report/max-load.ts';
import { openProgress } from '../report/progress.ts';
import { writeLoad } from '../run/load.ts';
import { openSpec } from '../run/open-spec.ts';
import { type LoadAnswer, probeLoads, TOLERANCE } from '../run/probe-load.ts';
import { writeSpecDocument } from '../spec/document.ts';
import { chooseRow } from '../spec/fleet/choose.ts';
import { NO_ANSWER, type Output, onlyWord, shareFlag, wholeFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import { rowOf } from './row.ts';
import type { SizeFlags } from './size.ts';
import { withPrices } from './size-asked.ts';
import type { SpecDoor } from './spec-door.ts';

/** Probes of a usual search, for its progress. */
const USUAL = 16;

/** Exit codes as of size. */
export async function sizeLoad(flags: SizeFlags, out: Output, specs: SpecDoor): Promise<number> {
  const file = onlyWord('size', flags._, 'one spec file beside --max-load');
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const asked = wholeFlag('--row', flags['--row'], 0);
  const tolerance = shareFlag('--tolerance', flags['--tolerance']) ?? TOLERANCE;
  const question = openSpec(specs.read(file), file, catalog, seed);
  const row = rowOf(question, asked);
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  try {
    const answer = await probeLoads(question.at(row).spec, catalog, {
      tolerance,
      signal: interrupt.signal,
      onProgress: (done) => progress.update(done, Math.max(USUAL, done), 'probing'),
    });
    progress.end();
    const document = writeAnswer(
      withPrices(chooseRow(question.tree, row).data as object, flags['--prices']),
      answer,
      seed,
    );
    if (flags['--print-spec']) out.stdout(document);
    else
      out.stdout(
        flags['--json'] ? `${JSON.stringify(maxLoadJson(answer, document), null, 2)}\n` : `${maxLoadTable(answer)}\n`,
      );
    if (answer.interrupted) return interrupt.code();
    return answer.best === null ? NO_ANSWER : 0;
  } finally {
    interrupt.release();
    progress.end();
  }
}

/** The spec at the answer, or where there is none at the lowest load that was tried. */
function writeAnswer(data: object, { kind, spec, best, next }: LoadAnswer, seed: number | undefined): string {
  const { load, times } = (best ?? next)!;
  const { workload, ...rest } = writeLoad(data, kind, load, spec, times) as { workload: object };
  return writeSpecDocument({ ...rest, workload: { ...workload, ...(seed === undefined ? {} : { seed }) } });
}
