// mist mcp: the verbs as tools of a Model Context Protocol server over stdio, for agents. The SDK is loaded when it is asked for.
import { z } from 'zod';
import { NAMED_KINDS } from '../catalog/open.ts';
import { UserError } from '../check/issue.ts';
import { loadOptional } from '../check/optional.ts';
import { readVersion } from '../check/version.ts';
import { type Output, type Verb, verb } from './flags.ts';

const HELP = `mist mcp

  Serves the tools run, sweep, size, step, catalog, spec and validate to an agent, by the Model Context Protocol over standard
  input and output, until that ends. Needs the package @modelcontextprotocol/sdk (an optional dependency).

  In a client's configuration: {"mcpServers": {"mist": {"command": "npx", "args": ["mist", "mcp"]}}}
`;

/** Edition of what tools take and give; raised when a field goes or means something else. */
export const MCP_SCHEMA = 'mist-mcp-1';

const SPEC = {
  spec: z
    .string()
    .describe(
      'The spec as YAML or JSON text; mist spec --schema describes it, paths in it are relative to where the server runs',
    ),
  set: z.array(z.string()).optional().describe('Changes to the spec, each PATH=VALUE: engine.max_num_seqs=64'),
  seed: z.int().min(0).optional().describe('Another seed for the workload'),
};
const CATALOG = { catalog: z.string().optional().describe('A catalog folder of your own') };

const RESULT = {
  schema: z.literal(MCP_SCHEMA),
  exit_code: z.int().describe('0 an answer, 2 a mistake in the question, 3 nothing keeps the promise'),
  result: z.unknown().describe('What the verb prints with --json'),
  words: z.string().describe('What it says beside its result; the mistakes, one a line'),
};

interface Call {
  readonly argv: readonly string[];
  /** What the verb reads from standard input. */
  readonly stdin?: string;
}

/** A tool: what it is for, what it takes, and the command line that it stands for. */
interface Tool {
  readonly description: string;
  readonly input: z.ZodRawShape;
  load(): Promise<Verb>;
  call(asked: Readonly<Record<string, unknown>>): Call;
  /** What is printed as a result; absent = JSON. */
  read?(printed: string): unknown;
}

/** "--seed 3", of what is given. */
function flagsOf(asked: Readonly<Record<string, unknown>>, ...names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = asked[name];
    const flag = `--${name.replaceAll('_', '-')}`;
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    return Array.isArray(value) ? value.flatMap((one) => [flag, String(one)]) : [flag, String(value)];
  });
}

const ofSpec = (asked: Readonly<Record<string, unknown>>, ...names: readonly string[]): Call => ({
  argv: ['-', '--json', ...flagsOf(asked, 'set', 'seed', 'catalog', ...names)],
  stdin: String(asked.spec),
});

const TOOLS = {
  run: {
    description:
      'Simulate one deployment, or a fleet of pipelines, request by request: latencies, throughput, cost, verdict.',
    input: { ...SPEC, ...CATALOG, row: z.int().min(0).optional().describe('Row of a spec with axes') },
    load: async () => (await import('./run.ts')).run,
    call: (asked) => ofSpec(asked, 'row'),
  },
  sweep: {
    description:
      'Try every configuration that a spec spans (lists are axes) and prove which is the best that keeps the promise.',
    input: { ...SPEC, ...CATALOG, workers: z.int().min(1).optional().describe('Threads') },
    load: async () => (await import('./sweep.ts')).sweep,
    call: (asked) => ofSpec(asked, 'workers'),
  },
  size: {
    description: 'How many devices a promise takes, which are cheapest; with max_load how much load a fleet takes.',
    input: {
      ...SPEC,
      ...CATALOG,
      max_load: z.boolean().optional().describe('Find the highest load of the very fleet of the spec instead'),
      objective: z.string().optional().describe('One answer only: devices, usd_per_hour, watts, ...'),
    },
    load: async () => (await import('./size.ts')).size,
    call: (asked) => ofSpec(asked, 'max_load', 'objective'),
  },
  step: {
    description: 'Price one engine iteration, op by op, with what each price rests on, and the KV capacity.',
    input: {
      ...CATALOG,
      model: z.string().describe('Model of the catalog, Hugging Face name, or path of a config.json'),
      hardware: z.string().describe('Device of the catalog'),
      prefill: z.string().optional().describe('Prompt chunks: 512:0,1024:2048 (TOKENS[:PAST])'),
      decode: z.string().optional().describe('Groups that decode one token each: 64x1200 (SEQUENCESxCONTEXT)'),
      ...Object.fromEntries(
        ['tp', 'pp', 'dp', 'ep'].map((name) => [name, z.int().min(1).optional().describe('Degree of parallelism')]),
      ),
      quantization: z.string().optional().describe('Format of the weights'),
      kv_cache_dtype: z.string().optional().describe('Format of the KV cache'),
    },
    load: async () => (await import('./step.ts')).step,
    call: (asked) => ({
      argv: [
        '--json',
        ...flagsOf(
          asked,
          'model',
          'hardware',
          'prefill',
          'decode',
          'tp',
          'pp',
          'dp',
          'ep',
          'quantization',
          'kv_cache_dtype',
          'catalog',
        ),
      ],
    }),
  },
  catalog: {
    description: 'What is known of hardware, models, engines, workloads, prices and links, with sources.',
    input: {
      ...CATALOG,
      ids: z.array(z.string()).optional().describe('Entries; left out, everything'),
      kind: z.enum(NAMED_KINDS).optional(),
    },
    load: async () => (await import('./catalog.ts')).catalog,
    call: (asked) => ({
      argv: [...((asked.ids as string[] | undefined) ?? []), '--json', ...flagsOf(asked, 'kind', 'catalog')],
    }),
  },
  spec: {
    description: 'Check a spec and say how it is understood: pools, axes, rows, caveats, before anything is simulated.',
    input: { spec: SPEC.spec, set: SPEC.set, ...CATALOG },
    load: async () => (await import('./spec.ts')).spec,
    call: (asked) => ({ argv: ['-', '--json', ...flagsOf(asked, 'set', 'catalog')], stdin: String(asked.spec) }),
  },
  validate: {
    description: 'Replay measured runs (a CSV file of cases) and say how far the predictions are off.',
    input: { ...CATALOG, cases: z.string().describe('Path of the case file'), group_by: z.string().optional() },
    load: async () => (await import('./validate.ts')).validate,
    call: (asked) => ({ argv: [String(asked.cases), ...flagsOf(asked, 'group_by', 'catalog')] }),
    read: (summary) => ({ summary }),
  },
} as const satisfies Record<string, Tool>;

/** Runs the command line that a tool stands for, and gathers what it says. */
async function answer({ load, call, read = JSON.parse }: Tool, asked: Readonly<Record<string, unknown>>) {
  let [stdout, words] = ['', ''];
  const { argv, stdin } = call(asked);
  const out: Output = {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      words += text;
    },
    ...(stdin === undefined ? {} : { stdin: () => stdin }),
  };
  let code: number;
  try {
    code = await (await load())(argv, out);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    [code, words] = [2, `${words}${error.message}\n`];
  }
  const result: unknown = stdout === '' ? null : read(stdout);
  const told = { schema: MCP_SCHEMA, exit_code: code, result, words };
  return {
    content: [{ type: 'text' as const, text: code === 2 ? words : JSON.stringify(told) }],
    structuredContent: told,
    isError: code === 2,
  };
}

async function loadSdk() {
  type Server = typeof import('@modelcontextprotocol/sdk/server/mcp.js');
  type Transport = typeof import('@modelcontextprotocol/sdk/server/stdio.js');
  const { McpServer } = await loadOptional<Server>('@modelcontextprotocol/sdk/server/mcp.js', 'mist mcp');
  const { StdioServerTransport } = await loadOptional<Transport>(
    '@modelcontextprotocol/sdk/server/stdio.js',
    'mist mcp',
  );
  return { McpServer, StdioServerTransport };
}

/** Exit code 0 when the client is gone. Throws UserError where the SDK is not installed (exit code 2). */
export const mcp = verb('mcp', {}, HELP, async (flags) => {
  if (flags._.length > 0)
    throw new UserError([{ path: 'mist mcp', expected: 'no words', received: flags._.join(' ') }]);
  const { McpServer, StdioServerTransport } = await loadSdk();
  const server = new McpServer({ name: 'mist', version: readVersion() });
  // one at a time: a simulation takes the memory and the cores that it finds
  let queue: Promise<unknown> = Promise.resolve();
  for (const [name, tool] of Object.entries(TOOLS) as [string, Tool][]) {
    const { description, input } = tool;
    server.registerTool(
      name,
      { description, inputSchema: input, outputSchema: RESULT },
      (asked: Record<string, unknown>) => {
        const next = queue.then(() => answer(tool, asked));
        queue = next.catch(() => undefined);
        return next;
      },
    );
  }
  await server.connect(new StdioServerTransport());
  await new Promise<void>((resolve) => process.stdin.once('end', resolve).once('close', resolve));
  await queue;
  return 0;
});
