// Which folders of test/ hold the tests of a room: those of its own name, and those listed here.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TESTS = fileURLToPath(new URL('../test/', import.meta.url));

/** Rooms of src/ and assembly/ whose tests lie elsewhere (too). */
const ELSEWHERE = {
  host: ['explorer', 'hosts'],
  check: ['spec/units', 'spec/fuzz', 'spec/mistakes', 'pipeline/mistakes'],
  stages: ['plan/ops', 'plan/op-table', 'pipeline', 'fleet-report'],
  spec: ['pipeline', 'launch'],
  columns: ['kernels'],
  workload: ['pipeline/workload'],
  plan: ['cost', 'pipeline'],
  metrics: ['fleet-report', 'steady/window', 'pipeline/client'],
  run: ['engine', 'fleet', 'fleet-sweep', 'screen', 'sweep'],
  search: ['fleet-sweep', 'screen', 'search', 'sweep'],
  report: [
    'fleet-report',
    'golden',
    'export',
    'launch',
    'cli/run',
    'cli/launch',
    'cli/fleet',
    'cli/size',
    'cli/from-command',
  ],
  calibrate: ['cli/own-measurements'],
  commands: ['cli', 'hosts', 'docs'],
  assembly: ['kernels', 'cost', 'engine', 'fleet', 'screen', 'plan/surface', 'workload/compiled', 'workload/random'],
  layout: ['house'],
  batching: ['engine', 'fleet', 'reference'],
  routing: ['engine', 'fleet', 'reference'],
  'closed-form': ['screen'],
  contention: ['fleet'],
  reduce: ['kernels/reduce'],
  random: ['workload/random', 'workload/compiled'],
  docs: ['docs', 'cli/own-measurements', 'house'],
};

/** Filters for vitest (parts of paths) of a room, or undefined where there is no such room. */
export function testsOf(room) {
  const own = existsSync(`${TESTS}${room}`) ? [room] : [];
  const found = [...own, ...(ELSEWHERE[room] ?? [])].filter(exists);
  return found.length > 0 ? [...new Set(found)].map((path) => `test/${path}${isFolder(path) ? '/' : ''}`) : undefined;
}

const isFolder = (path) => existsSync(`${TESTS}${path}/`);
const exists = (path) => isFolder(path) || existsSync(`${TESTS}${path}.test.ts`);

export function listRooms() {
  const folders = readdirSync(TESTS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...new Set([...folders.map(({ name }) => name), ...Object.keys(ELSEWHERE)])].sort();
}
