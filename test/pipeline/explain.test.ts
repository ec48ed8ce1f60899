// How pipeline specs are read from files and said back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeFleetSpec, explainFleetSpec } from '../../src/spec/fleet/explain.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { catalog, EXAMPLES } from './world.ts';

function open(name: string) {
  const file = join(EXAMPLES, `${name}.yaml`);
  return openQuestion(readFileSync(file, 'utf8'), file, catalog).first;
}

it('says pools, places and pipelines', () => {
  const words = explainFleetSpec(open('chat-support'));
  expect(words).toMatch(/^hand-over +within 2 fixed groups$/m);
  expect(words).toMatch(
    /^pool decoders +2 x llama-3.1-70b on h200-sxm-141gb tp 2, chunked, decode only, round-robin in group$/m,
  );
  expect(words).toMatch(
    /^pipeline support +tokenize > \(embed > retrieve \| kv-fetch \| safety\) > prefill > decode > detokenize$/m,
  );
  expect(words).toMatch(/^traffic +2000 requests, poisson at 6 requests\/s; .*1 to 8 turns, about 40 s apart/m);
});

it('says branches, rounds and shares', () => {
  const words = explainFleetSpec(open('math-reasoning'));
  expect(words).toContain('reason (4 paths, 2 rounds) > decode > tool > {10 %: prefill > reason > decode} > reward');
});

it('is data without the text', () => {
  const data = describeFleetSpec(open('news-search')) as Record<string, unknown>;
  expect(data).toMatchObject({ name: 'news search', localGroups: 1 });
  expect(data.text).toBeUndefined();
});
