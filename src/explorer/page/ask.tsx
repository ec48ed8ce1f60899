// The left side: what is asked.
import type { DeviceName, Names } from '../protocol.ts';
import { FIXED, rateOf, SHAPE_NAMES, TRACE } from './asked.ts';
import { TakeConfig, TakeTrace } from './drop.tsx';
import { Checks, Figure, Select } from './parts.tsx';
import { SHAPES } from './shapes.ts';
import { asked, change, names } from './store.ts';

const FORMATS = ['auto', 'bf16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'];
const CACHES = ['auto', 'bf16', 'fp8', 'int8'];
const OBJECTIVES = [
  ['usd_per_hour', 'cheapest per hour'],
  ['usd_per_million_tokens', 'cheapest per million tokens'],
  ['devices', 'fewest devices'],
  ['watts', 'least power'],
  ['output_throughput_per_device', 'most tokens/s per device'],
  ['tokens_per_joule', 'most tokens per joule'],
] as const;

const plain = (values: readonly string[]) => values.map((value) => ({ value, words: value }));

export function Ask() {
  const known = names.value;
  if (known === null) return <p class="note">The catalog is being opened …</p>;
  return (
    <form class="ask" onSubmit={(event) => event.preventDefault()}>
      <AskModel known={known} />
      <AskHardware known={known} />
      <AskTraffic known={known} />
      <AskPromise known={known} />
    </form>
  );
}

function AskModel({ known }: { readonly known: Names }) {
  const { model, config, formats, kv, engine } = asked.value;
  return (
    <section class="card">
      <h2>Model</h2>
      {config === '' ? (
        <Select
          label="Model"
          value={model}
          choices={known.models.map(([value, words]) => ({ value, words }))}
          onPick={(value) => change({ model: value })}
        />
      ) : (
        <p class="note">
          A config.json of your own.{' '}
          <button type="button" onClick={() => change({ config: '' })}>
            Back to the catalog
          </button>
        </p>
      )}
      <TakeConfig />
      <Checks
        legend="Formats of the weights"
        picked={formats}
        choices={plain(FORMATS)}
        onPick={(next) => change({ formats: FORMATS.filter((one) => next.includes(one)) })}
      />
      <Checks
        legend="Formats of the KV cache"
        picked={kv}
        choices={plain(CACHES)}
        onPick={(next) => change({ kv: CACHES.filter((one) => next.includes(one)) })}
      />
      <Select
        label="Engine"
        value={engine}
        choices={plain(known.engines)}
        onPick={(value) => change({ engine: value })}
      />
    </section>
  );
}

function AskHardware({ known }: { readonly known: Names }) {
  const { hardware, prices, replicas } = asked.value;
  const words = ({ name, usd }: DeviceName) => (usd[prices] === undefined ? `${name} (no price)` : name);
  const shown = known.hardware.filter(({ id, usd }) => usd[prices] !== undefined || hardware.includes(id));
  const others = known.hardware.filter((one) => !shown.includes(one));
  const isOther = ({ id }: DeviceName) => Number(!hardware.includes(id));
  const order = known.hardware.map(({ id }) => id);
  const pick = (next: readonly string[]) => change({ hardware: order.filter((id) => next.includes(id)), beside: -1 });
  const listed = (list: readonly DeviceName[]) => list.map((one) => ({ value: one.id, words: words(one) }));
  return (
    <section class="card">
      <h2>Hardware</h2>
      <div class="tall">
        <Checks
          legend="Kinds of device"
          picked={hardware}
          choices={listed([...shown].sort((a, b) => isOther(a) - isOther(b)))}
          onPick={pick}
        />
      </div>
      <details>
        <summary>{others.length} more without a price of this kind</summary>
        <div class="tall">
          <Checks legend="Without a price" picked={hardware} choices={listed(others)} onPick={pick} />
        </div>
      </details>
      <Figure
        label="Replicas at most"
        value={replicas}
        least={1}
        onChange={(value) => change({ replicas: Math.min(1000, Math.round(value)) })}
      />
    </section>
  );
}

function AskTraffic({ known }: { readonly known: Names }) {
  const { shape, workload, input, output, trace } = asked.value;
  const shapes = known.workloads.map(([value, name, prompt, answer]) => ({
    value,
    words: `${name} (${Math.round(prompt)} in, ${Math.round(answer)} out)`,
  }));
  const own = trace === '' ? [] : [{ value: TRACE, words: `the file ${trace}` }];
  return (
    <section class="card">
      <h2>Traffic</h2>
      <Select
        label="A request goes through"
        value={shape}
        choices={SHAPE_NAMES.map((value) => ({ value, words: SHAPES[value].words }))}
        onPick={(value) => change({ shape: SHAPE_NAMES.find((name) => name === value), beside: -1 })}
      />
      <Select
        label="Lengths"
        value={workload}
        choices={[...shapes, { value: FIXED, words: 'one length for all' }, ...own]}
        onPick={(value) => change({ workload: value })}
      />
      <TakeTrace />
      {workload === FIXED ? (
        <div class="two">
          <Figure
            label="Input tokens"
            value={input}
            least={1}
            onChange={(value) => change({ input: Math.round(value) })}
          />
          <Figure
            label="Output tokens"
            value={output}
            least={1}
            onChange={(value) => change({ output: Math.round(value) })}
          />
        </div>
      ) : null}
      <AskLoad />
    </section>
  );
}

function AskLoad() {
  const { rate, users, every } = asked.value;
  return (
    <>
      <Select
        label="Load"
        value={users > 0 ? 'users' : 'rate'}
        choices={[
          { value: 'rate', words: 'requests per second' },
          { value: 'users', words: 'users' },
        ]}
        onPick={(value) =>
          change(
            value === 'users' ? { users: Math.round(rate * every) } : { users: 0, rate: round(rateOf(asked.value)) },
          )
        }
      />
      {users > 0 ? (
        <div class="two">
          <Figure label="Users at work" value={users} least={1} onChange={(value) => change({ users: value })} />
          <Figure
            label="One request every, s"
            value={every}
            least={0.1}
            onChange={(value) => change({ every: value })}
          />
        </div>
      ) : (
        <Figure label="Requests/s" value={rate} least={0.001} onChange={(value) => change({ rate: value })} />
      )}
      {users > 0 ? <p class="note">{`${round(rateOf(asked.value))} requests/s`}</p> : null}
    </>
  );
}

const round = (value: number): number => Number(value.toPrecision(4));

function AskPromise({ known }: { readonly known: Names }) {
  const { ttft, tpot, prices, objective } = asked.value;
  return (
    <section class="card">
      <h2>Promise and price</h2>
      <div class="two">
        <Figure label="p99 TTFT, ms" value={ttft} least={1} onChange={(value) => change({ ttft: value })} />
        <Figure label="p99 TPOT, ms" value={tpot} least={1} onChange={(value) => change({ tpot: value })} />
      </div>
      <Select
        label="Prices"
        value={prices}
        choices={plain(known.prices)}
        onPick={(value) => change({ prices: value })}
      />
      <Select
        label="Best is"
        value={objective}
        choices={OBJECTIVES.map(([value, words]) => ({ value, words }))}
        onPick={(value) => change({ objective: value })}
      />
    </section>
  );
}
