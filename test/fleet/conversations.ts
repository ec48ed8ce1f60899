// Random conversations over random fleets: each turn's prompt is the text so far and a question, in blocks that caches and stores know.
import type fc from 'fast-check';
import { type FleetProgram, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import type { VisitRow } from './cases.ts';
import { assembleWith, type Drawn, drawParts } from './random.ts';

/** Text up to the end of a turn. */
interface Text {
  readonly tokens: number;
  readonly ids: readonly number[];
}

/** Blocks of one program: as many ids as there can be. */
const MOST_IDS = 1024;

/** Programs whose requests are turns: they follow, branch, are cached, written to a store and fetched from it. */
export function drawConversations(most = 14): fc.Arbitrary<FleetProgram> {
  return drawParts(most).map((drawn) => assembleTurns({ ...drawn, walks: drawn.walks.map(joinTurn) }));
}

/** Most requests follow another, mostly the one before, and texts grow by a few tokens, so that several turns fit. */
function joinTurn(request: Drawn['walks'][number], i: number): Drawn['walks'][number] {
  const { walk, after } = request;
  const shorter = { ...walk, prompt: Math.ceil(walk.prompt / 3), output: Math.ceil(walk.output / 3) };
  return { ...request, walk: shorter, after: after ?? (walk.extra > 1 ? i - 1 : null) };
}

function assembleTurns(drawn: Drawn): FleetProgram {
  const store = drawn.llms.length + drawn.cores.length;
  const texts: Text[] = [];
  let count = 0;
  return assembleWith(
    drawn,
    ({ walk: { prompt: question, output, extra, prefix, writes, fan } }, after) => {
      const before = after === undefined ? { tokens: 0, ids: [] } : texts[after]!;
      const prompt = before.tokens + question;
      const known = Math.floor(before.tokens / drawn.hashBlock);
      const blocks = Math.floor((prompt + output) / drawn.hashBlock);
      const ids = Array.from({ length: blocks }, (_, block) => (block < known ? before.ids[block]! : count++));
      texts.push({ tokens: prompt + output, ids });
      // its KV ends before the last token of the answer
      const hashes = ids.slice(0, Math.floor((prompt + output - 1) / drawn.hashBlock));
      const turn: VisitRow = {
        group: 0,
        prompt,
        output,
        flags: prefix ? VISIT_PREFIX : 0,
        hashes,
        writes: writes ? store : -1,
      };
      if (fan > 1) return { visits: [turn] };
      const asked = ids.slice(0, Math.floor(prompt / drawn.hashBlock));
      return { visits: [{ group: 4, fetches: 1, hashes: asked, to: [[1, extra > 3 ? extra : 0]] }, turn] };
    },
    MOST_IDS,
  );
}
