// Specs: binding row i of a sweep, surfaces shared, against reading the row's own document.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../src/check/issue.ts';
import { parseSpecDocument } from '../src/spec/document.ts';
import { chooseRow } from '../src/spec/fleet/choose.ts';
import { readDocument } from '../src/spec/fleet/read.ts';
import type { FleetSpec } from '../src/spec/fleet/types.ts';
import { readOptionsOf } from '../src/spec/open.ts';
import { openQuestion, type Question } from '../src/spec/question.ts';
import { timeMedians } from './measure.ts';
import { ROOT } from './process.bench.ts';
import { type BenchFile, figureRow, type Note, type Row } from './row.ts';
import { catalog } from './scenario.ts';

export const specs: BenchFile = { name: 'spec', words: 'rows of a sweep, bound', run: benchSpecs };

const FILES = ['default-chat.yaml', 'disaggregate-or-not.yaml'];
/** Rows of one task: spread over the whole sweep, in its order. */
const BOUND = 5000;

async function benchSpecs(note: Note): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of FILES) {
    note(`rows of ${name}`);
    rows.push(await benchFile(join(ROOT, 'examples', name)));
  }
  return rows;
}

async function benchFile(file: string): Promise<Row> {
  const question = openQuestion(readFileSync(file, 'utf8'), file, catalog);
  const { rows } = question;
  const chosen = Array.from({ length: BOUND }, (_, i) => Math.floor((i * rows) / BOUND));
  for (let i = 0; i < BOUND; i += 50) demandRead(question, chosen[i]);
  // rows that the reader refuses are no rows to bind
  const bound = chosen.filter((row) => specAt(question, row) !== null);
  const { bind } = await timeMedians({
    bind() {
      for (const row of bound) question.at(row);
    },
  });
  const what = `binding row i of a fleet sweep (surfaces shared), ${basename(file)}`;
  return figureRow(what, 'us', (bind / bound.length) * 1e6, { atMost: 5 });
}

function specAt(question: Question, row: number): FleetSpec | null {
  return orRefused(() => question.at(row).spec);
}

/** A row that is bound is the row that is read. */
function demandRead(question: Question, row: number): void {
  const { text, file, tree } = question;
  const document = { ...parseSpecDocument(text, file), data: chooseRow(tree, row).data };
  const read = orRefused(() => readDocument(document, text, readOptionsOf(file, catalog)));
  if (!isDeepStrictEqual(specAt(question, row), read)) throw new Error(`row ${row} of ${file} is not what is read`);
}

function orRefused(act: () => FleetSpec): FleetSpec | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
