// mist check: what is expected of a deployment, held against a run of it; the exit code is the answer.
import { openCatalog } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { drawTable, left } from '../report/table.ts';
import { openSpec } from '../run/open-spec.ts';
import { openSession } from '../run/session.ts';
import { openSimulator, simulateRow } from '../run/simulate-row.ts';
import { readSpecText } from '../spec/open.ts';
import { tellLimit } from '../spec/slo.ts';
import { judgeExpectation, readExpectations } from '../study/expect.ts';
import { NO_ANSWER, onlyWord, verb, wholeFlag } from './flags.ts';
import { rowOf } from './row.ts';

const FLAGS = {
  '--expect': [String] as [StringConstructor],
  '--row': String,
  '--seed': String,
  '--catalog': String,
  '--prices': String,
  '--json': Boolean,
};

const HELP = `mist check SPEC --expect "p99_ttft <= 1s" [--expect "usd_per_hour < 12" ...]

  Simulates one deployment and holds what is expected of it against the run. For pipelines that build software: the exit code is the
  answer. Without --expect: the limits of the spec's slo.

  --expect TEXT      a comparison of figures: mean, p50, p90, p95, p99, p99_9 of ttft, tpot, itl and e2el (p99_ttft), throughput, goodput,
                     tokens_per_usd, usd_per_hour, devices, power, utilisation, ...; with arithmetic, \`and\`, \`or\`, \`not\`
  --row N            row N of a spec that spans several configurations
  --seed N           another seed for the workload
  --catalog FOLDER   a catalog folder of your own, first
  --prices KIND|LIST specialised, hyperscaler, reserved, spot, owned, or a list of your own (.csv, .json), in place of the spec's price_sheet
  --json             results as JSON

  Exit codes: 0 all of it holds, 2 a mistake in the question, 3 some of it does not.
`;

/** Exit codes: 0 all holds, 3 some does not. A user's mistakes are thrown (exit code 2). */
export const check = verb('check', FLAGS, HELP, async (flags, out) => {
  const file = onlyWord('check', flags._, 'one spec file');
  const catalog = openCatalog({ folder: flags['--catalog'], prices: flags['--prices'] });
  const given = flags['--expect'] ?? [];
  const expected = readExpectations(given);
  const seed = wholeFlag('--seed', flags['--seed'], 0);
  const question = openSpec(readSpecText(file), file, catalog, seed);
  const row = rowOf(question, wholeFlag('--row', flags['--row'], 0));
  const { spec } = question.at(row);
  // what nothing is known of is kept
  const known = spec.slo.filter(({ limit }) => limit < Number.POSITIVE_INFINITY);
  const limits = known.map((limit) =>
    `${limit.percentile}_${limit.metric} <= ${limit.limit}s`.replace('p99.9', 'p99_9'),
  );
  const asked = given.length > 0 ? expected : readExpectations(limits);
  if (asked.length === 0)
    throw new UserError([{ path: '--expect', expected: 'an expectation, or a spec with limits', received: 'neither' }]);
  const { result, trust } = simulateRow(openSimulator(catalog, openSession(catalog), { promises: [] }), spec, false);
  const ran = { row, labels: question.choicesAt(row), result, trust, refused: '', load: 0, stands: '' };
  const judged = asked.map((one) => judgeExpectation(one, { ...ran, load: spec.workload.request_rate }));
  if (flags['--json']) out.stdout(`${JSON.stringify(judged, null, 2)}\n`);
  else {
    const rows = judged.map(({ text, holds, figures }, i) => [
      given.length > 0 ? text : tellLimit(known[i]!),
      holds ? 'holds' : 'does not hold',
      figures.map(({ words }) => words).join(', '),
    ]);
    out.stdout(`${drawTable(left(['expected', '', 'simulated']), rows).join('\n')}\n`);
  }
  return judged.every(({ holds }) => holds) ? 0 : NO_ANSWER;
});
