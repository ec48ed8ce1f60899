// The right side: the answer, what it costs, and what it looks like.
import { useEffect, useState } from 'preact/hooks';
import { formatDuration, formatNumber } from '../../report/format.ts';
import { drawScatters } from '../../report/html.ts';
import type { SearchView } from '../protocol.ts';
import { Compare } from './compare.tsx';
import { Markup } from './parts.tsx';
import { Sliders } from './sliders.tsx';
import { found, mistake, progress, run, stale } from './store.ts';
import { TakeAway } from './take-away.tsx';

export function Answer() {
  const view = found.value;
  return (
    <div class={`answer ${stale.value ? 'stale' : ''}`}>
      <State view={view} />
      <Mistakes />
      {view === null ? <Skeleton /> : <Markup text={view.parts.hero} />}
      <Sliders />
      {view === null ? null : (
        <>
          <Markup text={view.parts.strip} />
          <Pictures view={view} />
          <Compare view={view} />
          <RunPictures />
          <Markup text={view.parts.hardware} />
          <Markup text={view.parts.ranking} />
          <Markup text={view.parts.tried} />
          <Markup text={view.parts.launch} />
        </>
      )}
      <TakeAway />
    </div>
  );
}

const Skeleton = () => (
  <section class="card hero">
    <p class="question">Which deployment serves the traffic and keeps the promise?</p>
    <h1>…</h1>
  </section>
);

/** Where the answer stands: being screened, provisional, or proved. */
function State({ view }: { readonly view: SearchView | null }) {
  const now = progress.value;
  const share = now && now.total > 0 ? now.done / now.total : 0;
  return (
    <p class="state" role="status" data-state={stateOf(view)}>
      <b class={`pill ${view?.settled && !stale.value ? 'met' : ''}`}>{WORDS[stateOf(view)]}</b>{' '}
      {view?.settled && !stale.value
        ? `${view.proof.replace(/^Proved: e/, 'E')} ${formatDuration(view.seconds)} in one thread.`
        : now
          ? `${now.words}, ${formatNumber(Math.round(share * 100))} %`
          : ''}
    </p>
  );
}

type StateName = 'working' | 'provisional' | 'proved' | 'settled';
const WORDS: Readonly<Record<StateName, string>> = {
  working: 'working',
  provisional: 'provisional: screened, not simulated yet',
  proved: 'proved',
  settled: 'simulated, not proved',
};

function stateOf(view: SearchView | null): StateName {
  if (view === null || stale.value) return 'working';
  if (!view.settled) return 'provisional';
  return view.proof.startsWith('Proved') ? 'proved' : 'settled';
}

function Mistakes() {
  const wrong = mistake.value;
  if (wrong === null) return null;
  return (
    <section class="card wrong" role="alert">
      <h2>{wrong.words}</h2>
      <ul>
        {wrong.issues.map(({ path, expected, received, hint }) => (
          <li key={path + received}>
            <b>{path}</b>: expected {expected}, received {received}
            {hint ? ` (${hint})` : ''}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Drawn by the page's own document, after the words are there. */
function Pictures({ view }: { readonly view: SearchView }) {
  const [text, setText] = useState('');
  useEffect(() => {
    let over = false;
    void drawScatters(view.scatters, view.objective).then((drawn) => {
      if (!over) setText(drawn.text);
    });
    return () => {
      over = true;
    };
  }, [view]);
  return <Markup text={text} name={view.settled ? 'pictures' : 'pictures provisional'} />;
}

function RunPictures() {
  if (run.value === null) return null;
  const { parts } = run.value;
  return (
    <>
      <Markup text={parts.breakdown} />
      <Markup text={parts.distributions} />
      <Markup text={parts.clients} />
      <Markup text={parts.waterfalls} />
    </>
  );
}
