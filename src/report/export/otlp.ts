// OpenTelemetry spans as OTLP JSON: a trace per request, a span per visit, with the attributes of vLLM's own tracing.
import { STATE_UNFINISHED } from '../../../assembly/layout/enums.ts';
import { sha256 } from '../../host/host.ts';
import { stateName } from '../fleet/requests.ts';
import { type Exported, type ExportFormat, type RequestRecord, recordsOf } from './records.ts';

type Value = string | number;
const attribute = (key: string, value: Value) => ({
  key,
  value:
    typeof value === 'string'
      ? { stringValue: value }
      : Number.isInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: value },
});
const attributes = (of: Readonly<Record<string, Value>>) =>
  Object.entries(of)
    .filter(([, value]) => typeof value === 'string' || Number.isFinite(value))
    .map(([key, value]) => attribute(key, value));

/** Ids are of the run, the request and the visit: the same question gives the same bytes. */
const idOf = (digits: number, ...parts: readonly Value[]): string =>
  Array.from(sha256(new TextEncoder().encode(parts.join('\0'))), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, digits);

/** The run begins at the epoch: simulated clocks have no date. */
const nanoseconds = (seconds: number): string => String(BigInt(Math.round(seconds * 1e9)));

const KIND = { internal: 1, server: 2 } as const;
const UNFINISHED = stateName(STATE_UNFINISHED);
const STATUS = { ok: 1, error: 2 } as const;

export const OTLP: ExportFormat = {
  words: 'OpenTelemetry spans (OTLP JSON), a trace per request',
  *write(run) {
    const { context } = run;
    const resource = attributes({
      'service.name': 'mist',
      'service.version': context.version,
      'mist.spec': context.name,
    });
    const scope = { name: 'mist', version: context.version };
    yield `{"resourceSpans":[{"resource":${JSON.stringify({ attributes: resource })},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`;
    let before = '';
    for (const record of recordsOf(run)) {
      if (record.error === UNFINISHED) continue; // its end is not known
      for (const span of spansOf(run, record)) {
        yield before + JSON.stringify(span);
        before = ',\n';
      }
    }
    yield ']}]}]}\n';
  },
};

function* spansOf({ measured, context }: Exported, record: RequestRecord): Generator<object> {
  const { program, results } = measured.run;
  const { request, arrival, finish, ttft, e2el, prompt, output, finished } = record;
  const traceId = idOf(32, context.name, context.seed, request);
  const root = idOf(16, traceId, 'request');
  const [from, to] = [program.requests.first[request], program.requests.first[request + 1]];
  yield {
    ...{ traceId, spanId: root, name: 'llm_request', kind: KIND.server },
    ...{ startTimeUnixNano: nanoseconds(arrival), endTimeUnixNano: nanoseconds(finished ? finish : arrival) }, // a refusal takes no time
    attributes: attributes({
      'gen_ai.request.id': String(request),
      'gen_ai.response.model': context.models.join(', '),
      'gen_ai.usage.prompt_tokens': prompt,
      'gen_ai.usage.completion_tokens': finished ? output : 0,
      'gen_ai.latency.time_to_first_token': ttft,
      'gen_ai.latency.e2e': e2el,
      'gen_ai.latency.time_in_queue': results.start[from!]! - results.ready[from!]!,
    }),
    status: { code: finished ? STATUS.ok : STATUS.error },
  };
  for (let v = from; v! < to!; v!++) {
    if (Number.isNaN(results.finish[v!])) continue;
    yield {
      ...{ traceId, spanId: idOf(16, traceId, v! - from!), parentSpanId: root },
      ...{ name: program.stages[program.visits.stage[v!]!], kind: KIND.internal },
      ...{ startTimeUnixNano: nanoseconds(results.ready[v!]!), endTimeUnixNano: nanoseconds(results.finish[v!]!) },
      attributes: attributes({
        'mist.instance': program.clients[results.client[v!]!]?.name ?? '',
        'mist.queue': results.start[v!]! - results.ready[v!]!,
        'mist.preemptions': results.preemptions[v!]!,
        'mist.state': stateName(results.state[v!]!),
      }),
    };
  }
}
