// The shipped examples are right specs of the shipped catalog, and `mist spec` explains them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { spec as command } from '../../src/commands/spec.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { defaultSpecFile, readSpecText } from '../../src/spec/open.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { onePool } from '../../src/spec/shape.ts';
import { isPlain } from '../../src/spec/shorthand.ts';
import { readRequestRows } from '../../src/workload/traces.ts';

const FOLDER = dirname(defaultSpecFile());
const ALL = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const PIPELINES = ALL.filter((file) => !isPlain(parse(textOf(file))));
const FILES = ALL.filter((file) => !PIPELINES.includes(file));
/** Examples that want a file of the user's. */
const NEEDS_FILE = ['replay-trace.yaml'];
const catalog = openCatalog();
const openFile = (file: string) => openQuestion(readSpecText(file), file, catalog);

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
    const question = openFile(join(FOLDER, file));
    expect(question.rows).toBeGreaterThan(0);
    expect(question.first.pools.length).toBe(1);
  });

  it('are eight pipelines and a sweep of fleets among others', () => {
    expect(PIPELINES.length).toBe(8);
  });

  it.each(PIPELINES)('%s is a right pipeline spec', (file) => {
    const { first, rows, axes } = openFile(join(FOLDER, file));
    expect(() => checkFleet(first, catalog)).not.toThrow();
    expect(rows > 1).toBe(axes.length > 0);
  });

  it.each(NEEDS_FILE)('%s only lacks its file', (file) => {
    try {
      openFile(join(FOLDER, file));
      expect.unreachable('the file of the user is not shipped');
    } catch (error) {
      expect((error as UserError).issues.map(({ expected }) => expected)).toEqual(['a file that exists']);
    }
  });

  it('ship the request file that step-time.yaml reads', () => {
    const file = openFile(join(FOLDER, 'step-time.yaml')).first.workload.requests?.file ?? '';
    const rows = readRequestRows(file);
    expect([rows.prompt.length, rows.arrival?.length]).toEqual([400, 400]);
  });

  it('of the default span 1 to 20 million rows, over all hardware', () => {
    const question = openFile(defaultSpecFile());
    expect(question.rows).toBeGreaterThanOrEqual(1e6);
    expect(question.rows).toBeLessThanOrEqual(2e7);
    expect(question.axes[0]).toEqual({ name: 'deployment.hardware', labels: catalog.ids('hardware') });
    expect(onePool(question)?.axes[0]).toEqual({ field: 'hardware', size: catalog.ids('hardware').length });
  });
});

describe('a file', () => {
  it('keeps a name that is taken for another model, takes a display name for its id, a folder with a config.json for a model', () => {
    inFolder((folder) => {
      const file = join(folder, 'a.yaml');
      writeFileSync(join(folder, 'config.json'), '{}');
      const rest = 'workload: {lengths: sharegpt, request_rate: 1}\ndeployment: {hardware: L4}\n';
      writeFileSync(file, `model: [meta-llama/Llama-3.1-8B-Instruct, meta-llama/Meta-Llama-3.1-8B, .]\n${rest}`);
      const question = openFile(file);
      const models = [0, 1, 2]
        .map((row) => question.at(row).spec.pools[0])
        .map((pool) => pool.kind === 'llm' && pool.configuration.model);
      expect(models).toEqual(['meta-llama/Llama-3.1-8B-Instruct', 'llama-3.1-8b', join(folder, 'config.json')]);
      expect(question.first).toMatchObject({ name: 'a', pools: [{ configuration: { hardware: 'l4' } }] });
    });
  });

  it.each(['nowhere.yaml', '.'])('says why %s cannot be read', (file) => {
    expect(() => openFile(file)).toThrow(UserError);
  });
});

describe('mist spec', () => {
  it('explains the default: fixed values, axes and rows', async () => {
    const { code, stdout } = await run(defaultSpecFile());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^limits +p99_ttft <= 1 s, p99_tpot <= 0\.05 s$/m);
    expect(stdout).toMatch(/^deployment\.replicas +32 values: 1, 2, 3/m);
    expect(stdout).toMatch(/^ {2}by vllm-0\.11 .*admission prompt, .*block_size 16/m);
    expect(stdout).toMatch(/^ {2}as written .*profile vllm-0\.11/m);
    expect(stdout).toMatch(/^ {2}in row \d+ .*hardware \S+, tensor_parallel_size 1/m);
    expect(stdout).toMatch(/^ {2}by default .*data_parallel_size 1/m);
    expect(stdout).toMatch(/^[\d,]+ rows = hardware \d+ x replicas 32 x /m);
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await run('--json', join(FOLDER, 'sweep-small.yaml'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 96,
      prices: { l4: 0.8 },
      pools: [{ configuration: { model: 'llama-3.1-8b' } }],
    });
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

  it('prints the one schema of both notations', async () => {
    const { stdout } = await run('--schema');
    const { properties } = JSON.parse(stdout);
    expect(properties.model.description).toContain('config.json');
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['deployment', 'engine', 'fleet', 'pipelines']));
  });

  it.each([
    [[], 'one spec file, --schema, or --from-command'],
    [['a.yaml', 'b.yaml'], 'one spec file, --schema, or --from-command'],
    [['--schema', 'a.yaml'], 'no file beside --schema'],
    [['--jsn'], 'did you mean --json?'],
    [['nowhere.yaml'], 'no such file'],
    [[join(FOLDER, 'replay-trace.yaml')], 'replay-trace.yaml:8: workload.requests.file'],
  ])('refuses %j in words', async (argv, words) => {
    const refused = await run(...argv).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toContain(words);
  });
});
