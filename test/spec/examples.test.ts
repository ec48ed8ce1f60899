// The shipped examples are right specs of the shipped catalog, and `mist spec` explains them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { spec as command } from '../../src/commands/spec.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openFleetSweep } from '../../src/spec/fleet/open-sweep.ts';
import { isPipelineSpec } from '../../src/spec/fleet/read.ts';
import { defaultSpecFile, openSpec } from '../../src/spec/open.ts';
import { countRows } from '../../src/spec/rows.ts';
import { readRequestRows } from '../../src/workload/traces.ts';

const FOLDER = dirname(defaultSpecFile());
const ALL = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const PIPELINES = ALL.filter((file) => isPipelineSpec(textOf(file)));
const FILES = ALL.filter((file) => !PIPELINES.includes(file));
/** Examples that want a file of the user's. */
const NEEDS_FILE = ['replay-trace.yaml'];
const catalog = openCatalog();

async function run(...argv: string[]) {
  const said = { code: 0, stdout: '', stderr: '' };
  said.code = await command(argv, {
    stdout: (text) => {
      said.stdout += text;
    },
    stderr: (text) => {
      said.stderr += text;
    },
  });
  return said;
}

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'mist-spec-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('examples', () => {
  it.each(FILES.filter((file) => !NEEDS_FILE.includes(file)))('%s is a right spec', (file) => {
    expect(countRows(openSpec(join(FOLDER, file), catalog))).toBeGreaterThan(0);
  });

  it('are five pipelines and a sweep of fleets among others', () => {
    expect(PIPELINES.length).toBe(6);
  });

  it.each(PIPELINES)('%s is a right pipeline spec', (file) => {
    const { first, rows, axes } = openFleetSweep(textOf(file), join(FOLDER, file), catalog);
    expect(() => checkFleet(first, catalog)).not.toThrow();
    expect(rows > 1).toBe(axes.length > 0);
  });

  it.each(NEEDS_FILE)('%s only lacks its file', (file) => {
    try {
      openSpec(join(FOLDER, file), catalog);
      expect.unreachable('the file of the user is not shipped');
    } catch (error) {
      expect((error as UserError).issues.map(({ expected }) => expected)).toEqual(['a file that exists']);
    }
  });

  it('ship the request file that step-time.yaml reads', () => {
    const file = openSpec(join(FOLDER, 'step-time.yaml'), catalog).workload.requests?.file ?? '';
    const rows = readRequestRows(file);
    expect([rows.prompt.length, rows.arrival?.length]).toEqual([400, 400]);
  });

  it('of the default span 1 to 10 million rows, over all hardware', () => {
    const spec = openSpec(defaultSpecFile(), catalog);
    expect(countRows(spec)).toBeGreaterThanOrEqual(1e6);
    expect(countRows(spec)).toBeLessThanOrEqual(1e7);
    expect(spec.axes[0]).toEqual({ field: 'hardware', values: catalog.ids('hardware') });
  });
});

describe('openSpec', () => {
  it('takes a Hugging Face name for its id, and a folder with a config.json for a model', () => {
    inFolder((folder) => {
      const file = join(folder, 'a.yaml');
      writeFileSync(join(folder, 'config.json'), '{}');
      const rest = 'workload: {lengths: sharegpt, request_rate: 1}\ndeployment: {hardware: L4}\n';
      writeFileSync(file, `model: [meta-llama/Llama-3.1-8B, .]\n${rest}`);
      const spec = openSpec(file, catalog);
      expect(spec.axes[0].values).toEqual(['llama-3.1-8b', join(folder, 'config.json')]);
      expect(spec).toMatchObject({ name: 'a', base: { hardware: 'l4' } });
    });
  });

  it.each(['nowhere.yaml', '.'])('says why %s cannot be read', (file) => {
    expect(() => openSpec(file, catalog)).toThrow(UserError);
  });
});

describe('mist spec', () => {
  it('explains the default: fixed values, axes and rows', async () => {
    const { code, stdout } = await run(defaultSpecFile());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^limits +p99_ttft <= 1 s, p99_tpot <= 50 ms$/m);
    expect(stdout).toMatch(/^replicas +32 values: 1, 2, 3/m);
    expect(stdout).toMatch(/^block_size +16$/m);
    expect(stdout).toMatch(/^[\d,]+ configurations = hardware \d+ x replicas 32 x /m);
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await run('--json', join(FOLDER, 'sweep-small.yaml'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 96, prices: { l4: 0.8 }, base: { model: 'llama-3.1-8b' } });
  });

  it.each(PIPELINES)('explains %s: pools, stages, traffic', async (file) => {
    const { code, stdout } = await run(join(FOLDER, file));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pool \w+ +\d+ x /m);
    expect(stdout).toMatch(/^pipeline \S+ +.*(prefill|generate).* > /m);
    expect(stdout).not.toMatch(/NaN|undefined|\[object/);
    const { stdout: json } = await run('--json', join(FOLDER, file));
    expect(Object.keys(JSON.parse(json))).toEqual(expect.arrayContaining(['pools', 'pipelines', 'workload']));
  });

  it('prints the schema of pipeline specs', async () => {
    const { stdout } = await run('--schema', '--pipeline');
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual(expect.arrayContaining(['fleet', 'pipelines']));
  });

  it('prints the schema', async () => {
    const { stdout } = await run('--schema');
    expect(JSON.parse(stdout).properties.model.description).toContain('config.json');
  });

  it.each([
    [[], 'one spec file, or --schema'],
    [['a.yaml', 'b.yaml'], 'one spec file, or --schema'],
    [['--schema', 'a.yaml'], 'no file beside --schema'],
    [['--pipeline', 'a.yaml'], '--schema beside it'],
    [['--jsn'], 'did you mean --json?'],
    [['nowhere.yaml'], 'no such file'],
    [[join(FOLDER, 'replay-trace.yaml')], 'replay-trace.yaml:8: workload.requests.file'],
  ])('refuses %j in words', async (argv, words) => {
    const refused = await run(...argv).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toContain(words);
  });
});
