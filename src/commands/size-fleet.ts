// mist size of a model and a promise, or of a spec that leaves counts open: fewest devices, cheapest, least power.
import { availableParallelism } from 'node:os';
import { openCatalog } from '../catalog/open.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { openProgress } from '../report/progress.ts';
import { isSized, sizeJson, sizeTable } from '../report/size.ts';
import { sizeFleet, writeSizing } from '../run/size.ts';
import { parseSpecDocument } from '../spec/document.ts';
import { OBJECTIVES } from '../spec/objectives.ts';
import type { Objective } from '../spec/types.ts';
import { MOST_WORKERS, NO_ANSWER, type Output, wholeFlag, wordFlag } from './flags.ts';
import { heedInterrupts } from './interrupt.ts';
import type { SizeFlags } from './size.ts';
import { type Asked, readAsked, withPrices } from './size-asked.ts';
import type { SpecDoor } from './spec-door.ts';

/** What is asked for where nobody says: the figures that a plan is made of. */
const ASKED: readonly Objective[] = ['devices', 'usd_per_hour', 'watts'];

/** Exit codes as of size. */
export async function sizeSpec(flags: SizeFlags, out: Output, specs: SpecDoor): Promise<number> {
  const asked = flags._.length > 0 ? readAskedFile(flags, specs) : readAsked(flags);
  const data = withPrices(asked.data, flags['--prices']);
  const folder = flags['--catalog'] ?? null;
  const prices = flags['--prices'] ?? null;
  const catalog = openCatalog({ folder, prices });
  const workers = wholeFlag('--workers', flags['--workers'], 1, MOST_WORKERS) ?? availableParallelism();
  const own = data.objective as Objective | undefined;
  const only = wordFlag('--objective', flags['--objective'], OBJECTIVES) ?? own;
  const progress = openProgress(Boolean(process.stderr.isTTY), (text) => out.stderr(text));
  const interrupt = heedInterrupts();
  try {
    const sized = await sizeFleet(data, catalog, {
      ...{ workers, catalogFolder: folder, prices, file: asked.file, objectives: only ? [only] : ASKED },
      onProgress: (done, total, words) => progress.update(done, total, words),
      signal: interrupt.signal,
    }).catch((error) => {
      throw error instanceof UserError ? new UserError(error.issues.map(asked.blame)) : error;
    });
    progress.end();
    const document = writeSizing(sized, only ?? 'usd_per_hour');
    if (flags['--print-spec']) out.stdout(document);
    else
      out.stdout(flags['--json'] ? `${JSON.stringify(sizeJson(sized, document), null, 2)}\n` : `${sizeTable(sized)}\n`);
    if (interrupt.signal.aborted) return interrupt.code();
    return isSized(sized) ? 0 : NO_ANSWER;
  } finally {
    interrupt.release();
    progress.end();
  }
}

/** A spec, with the lines of its own text in what is said of it. */
function readAskedFile(flags: SizeFlags, specs: SpecDoor): Asked {
  const [file, ...more] = flags._;
  if (more.length > 0)
    throw new UserError([{ path: 'mist size', expected: 'one spec file', received: flags._.join(' ') }]);
  const document = parseSpecDocument(specs.read(file!), file!);
  if (document.issues.length > 0) throw new UserError(document.issues);
  const data = document.data as Asked['data'] | null;
  const blame = (issue: Issue): Issue => ({ ...issue, file: file!, line: document.lineOf(pathOf(issue.path)) });
  return { data: withSeed(data ?? {}, flags), file: file!, blame };
}

/** "deployment.hardware.choices[1]" as keys and places. */
function pathOf(words: string): (string | number)[] {
  return words.split('.').flatMap((key) => {
    const [name, ...places] = key.split('[');
    return [name!, ...places.map((place) => Number.parseInt(place, 10))];
  });
}

export function withSeed(data: Asked['data'], flags: SizeFlags): Asked['data'] {
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  return seed === undefined ? data : { ...data, workload: { ...(data.workload as object | undefined), seed } };
}
