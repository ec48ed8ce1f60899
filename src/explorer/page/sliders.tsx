// Sliders on the question, and the answer's deployment simulated under them at once.
import { formatDuration, formatGiven, formatNumber, formatShare } from '../../report/format.ts';
import { type Asked, rateOf } from './asked.ts';
import { asked, change, commit, run } from './store.ts';

type Slid = 'load' | 'bandwidth' | 'price' | 'length';

const SLIDERS: readonly { readonly name: Slid; readonly words: string; readonly most: number }[] = [
  { name: 'load', words: 'Load', most: 4 },
  { name: 'bandwidth', words: 'Memory bandwidth', most: 2 },
  { name: 'price', words: 'Price of devices', most: 4 },
  { name: 'length', words: 'Prompts and answers', most: 4 },
];
/** Steps from the least to the most, even in ratio. */
const STEPS = 40;

export function Sliders() {
  const asIs = SLIDERS.every(({ name }) => asked.value[name] === 1);
  return (
    <section class={`card sliders ${asIs ? 'as-is' : ''}`}>
      <h2>What if?</h2>
      <div class="four">
        {SLIDERS.map((slider) => (
          <Slide key={slider.name} {...slider} />
        ))}
      </div>
      <Settled />
    </section>
  );
}

let before: Asked | null = null;

function Slide({ name, words, most }: (typeof SLIDERS)[number]) {
  const value = asked.value[name];
  const step = Math.round((Math.log(value) / Math.log(most)) * STEPS);
  const told = tell(name, asked.value);
  return (
    <label class="slide">
      <span>
        {words} <b>{told}</b>
      </span>
      <input
        type="range"
        min={-STEPS}
        max={STEPS}
        value={step}
        aria-valuetext={told}
        data-slide={name}
        onInput={(event) => {
          before ??= asked.value;
          const factor = most ** (event.currentTarget.valueAsNumber / STEPS);
          change({ [name]: Number(factor.toPrecision(3)) }, false);
        }}
        onChange={() => {
          if (before) commit(before);
          before = null;
        }}
      />
    </label>
  );
}

function tell(name: Slid, now: Asked): string {
  const factor = now[name];
  const times = factor === 1 ? 'as it is' : factor < 1 ? formatShare(factor) : `× ${formatGiven(factor)}`;
  return name === 'load' ? `${formatGiven(Number((rateOf(now) * factor).toPrecision(4)))} requests/s` : times;
}

/** Its figures are those of a run to its end, whatever the search is at. */
function Settled() {
  const view = run.value;
  if (view === null) return <p class="note">The answer's deployment is simulated here as soon as there is one.</p>;
  const figure = (name: string) => view.figures.find(([one]) => one === name)?.[1] ?? '';
  return (
    <p class="settled" data-seconds={view.seconds} data-whole={view.json !== ''}>
      <span class={`pill ${view.met ? 'met' : 'missed'}`}>{view.met ? 'meets the limits' : 'misses the limits'}</span>{' '}
      The deployment of the answer here: p99 TTFT {figure('TTFT p99, ms')} ms, p99 TPOT {figure('TPOT p99, ms')} ms,{' '}
      {figure('output tokens/s')} output tokens/s, ${figure('$/h')}/h, ${figure('$/month')} a month, {figure('busy')}{' '}
      busy, {figure('verdict')}.{' '}
      <small>
        {formatNumber(view.requests)} requests simulated in {formatDuration(view.seconds)}.
      </small>
    </p>
  );
}
