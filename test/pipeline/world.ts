// Pipeline specs for tests: read against the shipped catalog, lowered with one session, and checked as programs.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openCatalog } from '../../src/catalog/open.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { type LoweredFleet, prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openSession, type Session } from '../../src/run/session.ts';
import { readSpec } from '../../src/spec/fleet/read.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { defaultSpecFile, readOptionsOf } from '../../src/spec/open.ts';
import type { ReadOptions } from '../../src/spec/read-options.ts';

export const catalog = openCatalog();
export const EXAMPLES = dirname(defaultSpecFile());
export const PAPER = ['question-answering', 'news-search', 'code-generation', 'chat-support', 'math-reasoning'];

const OPTIONS = readOptionsOf(join(EXAMPLES, 'spec.yaml'), catalog);

export function readText(text: string, options: Partial<ReadOptions> = {}): FleetSpec {
  return readSpec(text, { ...OPTIONS, ...options });
}

export function readExample(name: string): FleetSpec {
  return readText(readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8'));
}

/** A shipped example with fewer requests, so that a slow simulator can run it. */
export function fewerRequests(spec: FleetSpec, requests: number): FleetSpec {
  return { ...spec, workload: { ...spec.workload, num_requests: requests } };
}

let session: Session | undefined;

export function lower(spec: FleetSpec): LoweredFleet {
  session ??= openSession(catalog);
  return prepareFleet(spec, catalog, session);
}

/** The mistakes that `use` throws; none where it is fine. */
export function issuesIn(use: () => unknown): readonly Issue[] {
  try {
    use();
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
}
