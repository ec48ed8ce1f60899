// From one turn to the next, as its client sees it: an answer is there only after its way to the client.
import { CLIENT } from '../../spec/fleet/client.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import type { FleetGroup, FleetProgram } from '../fleet.ts';
import type { LaidRequests } from './lay-requests.ts';
import type { ClientFacts, StageRoles } from './lower-fleet.ts';

/**
 * The requests of a run, turns later by what the answers that they follow spend on their way (metrics add the same to latencies):
 * that of the engine that serves the first generating visit, the first of its group where engines differ.
 */
export function timeTurns(
  { client = CLIENT }: Pick<FleetSpec, 'client'>,
  { requests, visits, roles }: LaidRequests,
  groups: readonly FleetGroup[],
  facts: readonly ClientFacts[],
): FleetProgram['requests'] {
  const { turns, first } = requests;
  const ways = groups.map(({ members }) => facts[members[0]!]!.way);
  if (!turns || client.time === 'none' || ways.every((way) => !way)) return requests;
  const generating = stagesOf(roles);
  const delay = turns.delay.map((think, r) => {
    const before = turns.after[r]!;
    if (before < 0) return think;
    let v = first[before]!;
    while (v < first[before + 1]! && !generating.has(visits.stage[v]!)) v++;
    const way = v < first[before + 1]! ? ways[visits.group[v]!] : undefined;
    return way ? think + (way.request_s + way.prompt_token_s * visits.prompt[v]!) : think;
  });
  return { ...requests, turns: { ...turns, delay } };
}

function stagesOf({ prefill, decode, think }: StageRoles): Set<number> {
  return new Set([...prefill, ...decode, ...think]);
}
