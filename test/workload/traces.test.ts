// Trace files: every format to the same columns, every mistake with its line.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { parseRequestRows, readTrace, replayRows } from '../../src/workload/traces.ts';

const AZURE = 'TIMESTAMP,ContextTokens,GeneratedTokens\r\n';
const CONV = `${AZURE}2023-11-16 23:59:59.9999999,374,44\r\n2023-11-17 00:00:00.0000001,396,0\r\n2023-11-17 00:01:00,20,5`;
const columns = (text: string) => {
  const { arrival, prompt, output } = parseRequestRows(text, 'f');
  return { arrival: arrival && [...arrival], prompt: [...prompt], output: [...output] };
};

function issuesOf(text: string): readonly Issue[] {
  try {
    parseRequestRows(text, 'f');
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  return [];
}

const where = (text: string) => issuesOf(text).map(({ line, path, received }) => `${line} ${path} ${received}`);

test('an Azure trace: seven decimals across midnight, counted from its first row', () => {
  expect(columns(CONV)).toEqual({ arrival: [0, 2e-7, 60.0000001], prompt: [374, 396, 20], output: [44, 1, 5] });
});

test('an output of 0 in a recorded trace counts as one token, and the description says so', () => {
  const { description } = replayRows(parseRequestRows(CONV, '/home/x/conv.csv'), 1);
  expect(description).toContain(
    'conv.csv (Azure LLM inference trace; 3 requests; GeneratedTokens of 0 counted as 1 token, rows: 1)',
  );
  expect(description).not.toContain('home');
});

test('dates with a zone', () => {
  const text = `${AZURE}2024-05-10 01:00:00.25+01:00,1,1\n2024-05-10T00:00:01Z,1,1\n`;
  expect(columns(text).arrival).toEqual([0, 0.75]);
});

test('the other formats', () => {
  const two = { prompt: [10, 20], output: [3, 4] };
  const cases: [string, readonly number[] | null][] = [
    ['arrival_s,prompt_tokens,output_tokens\n0.5,10,3\n2,20,4\n', [0.5, 2]],
    ['timestamp,input,output\n100.5,10,3\n102,20,4\n', [0, 1.5]],
    ['input_len,output_len,arrival_s\n10,3,0.5\n20,4,2\n', [0.5, 2]],
    ['id,"output_len",input_len\n"a,""b""\nc",3,10\nd,"4",20\n', null],
    ['num_prefill_tokens,num_decode_tokens\n10,3\n20,4\n', null],
    ['Timestamp,Model,Request tokens,Response tokens\n5,ChatGPT,10,3\n45,GPT-4,20,4\n', [0, 40]],
    [
      '{"timestamp": 27482, "input_length": 10, "output_length": 3, "hash_ids": [4]}\n' +
        '{"timestamp": 30535, "input_length": 20, "output_length": 4, "hash_ids": [4]}',
      [0, 3.053],
    ],
    [
      '{"timestamp": "600000", "input_length": 10, "output_length": 3, "session_id": "1-a"}\n' +
        '{"timestamp": "100", "input_length": 20, "output_length": 4, "session_id": "2-b"}',
      [0, 4900],
    ],
    [
      '{"input_toks": 10, "output_toks": 3, "arrival_time_ns": 1000000000}\n' +
        '{"input_toks": 20, "output_toks": 4, "arrival_time_ns": 1500000000}\n',
      [0, 0.5],
    ],
    [
      '{"arrival_s": 1, "prompt_tokens": 10, "output_tokens": 3}\n{"arrival_s": 2, "prompt_tokens": 20, "output_tokens": 4}',
      [1, 2],
    ],
    ['timestamp,prompt_tokens,completion_tokens\n1700000000.5,10,3\n1700000002,20,4\n', [0, 1.5]],
    [
      // chats of seconds, on blocks of 16 tokens
      '{"chat_id": 3, "parent_chat_id": -1, "timestamp": 0.5, "input_length": 10, "output_length": 3, "type": "text", "turn": 1, "hash_ids": [4]}\n' +
        '{"chat_id": 9, "parent_chat_id": -1, "timestamp": 9.6, "input_length": 20, "output_length": 4, "type": "text", "turn": 1, "hash_ids": [4, 5]}',
      [0, 9.1],
    ],
    [
      '{"id": "b", "created": 1700000002, "usage": {"prompt_tokens": 20, "completion_tokens": 4}}\n' +
        '{"id": "a", "created": 1700000000, "usage": {"prompt_tokens": 10, "completion_tokens": 3}}',
      [0, 2],
    ],
    [
      '{"startTime": "2026-01-01T00:00:00.5Z", "prompt_tokens": 10, "completion_tokens": 3}\n' +
        '{"startTime": "2026-01-01T00:00:02Z", "prompt_tokens": 20, "completion_tokens": 4}',
      [0, 1.5],
    ],
    [
      // in the order in which they ended
      '{"metadata": {"request_start_ns": 3000000000}, "metrics": {"input_sequence_length": {"value": 20, "unit": "tokens"}, "output_sequence_length": {"value": 4}}}\n' +
        '{"metadata": {"request_start_ns": 1000000000}, "metrics": {"input_sequence_length": {"value": 10, "unit": "tokens"}, "output_sequence_length": {"value": 3}}}',
      [0, 2],
    ],
    [
      '{\n "duration": 9,\n "input_lens": [20, 10],\n "output_lens": [4, 3],\n "start_times": [1002.5, 1000.5]\n}',
      [0, 2],
    ],
  ];
  for (const [text, arrival] of cases) expect(columns(text), text).toEqual({ ...two, arrival });
});

test('Mooncake hash ids are kept as prefix blocks', () => {
  const row = (ids: string) => `{"timestamp": 0, "input_length": 600, "output_length": 3, "hash_ids": [${ids}]}\n`;
  const { prefix } = parseRequestRows(row('0, 7') + row('') + row('0'), 'f');
  expect(prefix).toEqual({ block_tokens: 512, offset: Int32Array.of(0, 2, 2, 3), ids: Int32Array.of(0, 7, 0) });
});

test('a faster replay', () => {
  const requests = replayRows(parseRequestRows('timestamp,input,output\n0,1,1\n4,1,1\n8,1,1\n', 'f'), 2);
  expect([...requests.arrival]).toEqual([0, 2, 4]);
  expect([requests.rate, requests.count, requests.concurrency]).toEqual([0.5, 3, 0]);
  expect(requests.description).toContain('2 times as fast, 0.5 req/s');
});

test('every mistake is reported with its line, column and value', () => {
  const text = 'timestamp,input,output\n0,1,1\n-1,2,2\n\n3,NaN,2\n2,5,0\n4,1.5,-2\nx,,7\n9,1\n';
  expect(where(text)).toEqual([
    '3 timestamp "-1"',
    '5 input "NaN"',
    '6 timestamp 1 s before it',
    '6 output "0"',
    '7 input "1.5"',
    '7 output "-2"',
    '8 timestamp "x"',
    '8 input nothing',
    '9 row 2 in "9,1"',
  ]);
});

test('a line that is cut short, in CSV and in JSON', () => {
  expect(where(`${CONV}\r\n2023-11-17 00:02`)).toEqual(['5 row 1 in "2023-11-17 00:02"']);
  expect(where('{"timestamp": 1, "input_length": 5, "output_length": 2}\n{"timestamp": 1, "inp')).toHaveLength(1);
});

test('lines are counted through quoted cells that span them', () => {
  const text = 'id,input_len,output_len\n"a\n""b""",1,2\nc,1,2\n"d",1\n';
  expect(where(text)).toEqual(['5 row 2 in "d,1"']);
});

test('a file keeps to one kind of time', () => {
  expect(where(`${AZURE}5,1,1\n2023-01-01 00:00:00,1,1\n`)).toEqual(['3 TIMESTAMP "2023-01-01 00:00:00"']);
});

test('dates that do not exist or are missing', () => {
  const dates = ['2023-02-30 00:00:00', '2023-13-01 00:00:00', '2023-01-01 24:00:00', '12'];
  const text = `${AZURE}2023-01-01 00:00:00,1,1\n${dates.map((date) => `${date},1,1`).join('\n')}`;
  expect(issuesOf(text).map(({ line }) => line)).toEqual([3, 4, 5, 6]);
});

test('twenty mistakes are listed, the rest counted', () => {
  const issues = issuesOf(`timestamp,input,output\n${'0,1,x\n'.repeat(157)}`);
  expect(issues).toHaveLength(21);
  expect(issues[20].received).toBe('137 more mistakes');
});

test('files that are no request files', () => {
  expect(where('')).toEqual(['undefined requests an empty file']);
  expect(where('timestamp,input,output\n')).toEqual(['undefined rows none']);
  expect(where('a,b\n1,2\n')).toEqual(['1 header "a,b"']);
  expect(where('{"model": "x"}\n')).toHaveLength(1);
  expect(where('[1, 2]')).toHaveLength(1);
  expect(where('{"input_lens": [1, 2], "output_lens": [1]}')).toEqual([
    'undefined start_times undefined',
    'undefined output_lens 1 entries',
  ]);
  expect(() => readTrace('/no/such/file.csv')).toThrow(
    'file.csv: requests: expected a readable file, received no such file',
  );
  expect(() => readTrace('.')).toThrow('received a folder');
});

test('a list without times cannot be replayed, nor at an impossible speed', () => {
  const lengths = parseRequestRows('input_len,output_len\n1,1\n', 'f');
  expect(() => replayRows(lengths, 0)).toThrow(/rate_scale[\s\S]*arrival times, received a request list without times/);
});

const DATA = `${process.env.MIST_DATA ?? '../shared/data'}/workloads`;
const present = existsSync(DATA);
if (!present) console.log(`real traces: skipped, no folder ${DATA} (set MIST_DATA)`);

test.skipIf(!present)('the real traces are read whole', () => {
  const azure = `${DATA}/azure2023/AzureLLMInferenceTrace`;
  const conv = readTrace(`${azure}_conv.csv`);
  expect([conv.count, Number(conv.rate.toFixed(2))]).toEqual([19366, 5.53]);
  expect([...conv.arrival.slice(0, 2)]).toEqual([0, 4.314579]);
  expect(readTrace(`${azure}_code.csv`).count).toBe(8819);
  const mooncake = readTrace(`${DATA}/mooncake/conversation_trace.jsonl`);
  expect([mooncake.count, mooncake.prefix?.offset.length]).toEqual([12031, 12032]);
  const rag = readTrace(`${DATA}/ragpulse/data/0_trace.jsonl`);
  expect([rag.count, Math.max(...rag.arrival)]).toEqual([7106, 604800 + 604603 - 82]);
});
