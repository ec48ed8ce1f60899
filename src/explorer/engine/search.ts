// A question ranked in this thread: first what the screen estimates, then the proved answer.

import type { SweepResult } from '../../metrics/sweep.ts';
import { findAnswer } from '../../report/answer.ts';
import { tellProof } from '../../report/certificate.ts';
import { csvLines } from '../../report/csv.ts';
import { describeDeployment, describeSettings, hardwareOf } from '../../report/describe.ts';
import { digestOf } from '../../report/digest.ts';
import { drawHero, drawLaunch, drawStrip, typeset } from '../../report/html-answer.ts';
import { drawHardware, drawRanking, drawTried } from '../../report/html-tables.ts';
import { fewerPoints, pageScatters } from '../../report/points.ts';
import { openSpec } from '../../run/open-spec.ts';
import { sweep } from '../../run/sweep.ts';
import type { Question, SearchView, TextFile } from '../protocol.ts';
import { openAsked } from './own-catalog.ts';

/** What the spec is called in messages, and by those who save it. */
export const SPEC_FILE = 'spec.yaml';

export interface Watching {
  readonly signal: AbortSignal;
  onProgress(done: number, total: number, words: string): void;
  /** What is known so far, for its first picture. */
  onScreened(view: SearchView): void;
}

/** Points of the first picture, which is to be there at once: thousands take a browser more than a second. */
const FIRST_POINTS = 400;

/** Rows that can be picked by name. */
const MOST_NAMED = 250;

/** Throws UserError. */
export async function search(question: Question, watching: Watching): Promise<SearchView> {
  const { catalog, folder, files } = openAsked(question.whatIf);
  const opened = openSpec(question.text, SPEC_FILE, catalog);
  const result = await sweep(opened, catalog, {
    workers: 1,
    catalogFolder: folder,
    signal: watching.signal,
    onProgress: watching.onProgress,
    onScreened: (screened) => watching.onScreened(viewOf(screened, false, files)),
  });
  return viewOf(result, true, files);
}

function viewOf(result: SweepResult, settled: boolean, files: readonly TextFile[]): SearchView {
  const { kind, row, sentence } = findAnswer(result);
  const { plan, screen, settle } = result.seconds;
  return {
    settled,
    kind,
    row: row?.row ?? null,
    sentence: typeset(sentence),
    proof: settled ? tellProof(result) : '',
    objective: result.objective,
    scatters: settled ? pageScatters(result) : pageScatters(result).map((one) => fewerPoints(one, FIRST_POINTS)),
    parts: {
      hero: drawHero(result).text,
      strip: drawStrip(result).text,
      hardware: settled ? drawHardware(result).text : '',
      ranking: settled ? drawRanking(result).text : '',
      tried: settled ? drawTried(result).text : '',
      launch: settled ? (drawLaunch(result)?.text ?? '') : '',
    },
    rows: result.kept.slice(0, MOST_NAMED).map((one) => ({
      row: one.row,
      name: `${describeDeployment(one, result)}, ${describeSettings(one, result)}`,
      hardware: hardwareOf(one, undefined),
    })),
    seconds: plan + screen + settle,
    csv: settled ? [...csvLines(result)].join('') : '',
    digest: settled ? digestOf(result) : '',
    files,
  };
}
