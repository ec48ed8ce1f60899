// The explorer's page: what is asked on the left, the answer on the right; the link is the question.
import { render } from 'preact';
import { Answer } from './answer.tsx';
import { Ask } from './ask.tsx';
import { heedDrops } from './drop.tsx';
import { compare, names, notice, open, undo } from './store.ts';
import { heedTables } from './tables.ts';

/** The least module that has an instruction of 128 bits: (func (drop (v128.const 0))). */
const SIMD = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11],
];

function canRun(): boolean {
  try {
    return WebAssembly.validate(Uint8Array.from(SIMD)) && typeof Worker === 'function';
  } catch {
    return false;
  }
}

function Page() {
  return (
    <>
      <header class="top">
        <b>MIST</b>
        <span>which hardware, how many, split how, at what cost</span>
        <span>{names.value ? `version ${names.value.version}` : ''}</span>
        <button type="button" id="to-question" onClick={() => document.querySelector('aside')?.scrollIntoView()}>
          The question
        </button>
        <button type="button" id="undo" onClick={undo} title="Ctrl+Z">
          Undo
        </button>
      </header>
      <Notice />
      <div class="sides">
        <aside aria-label="The question">
          <Ask />
        </aside>
        <Answer />
      </div>
    </>
  );
}

function Notice() {
  return (
    <div role="alert" class="notice">
      {notice.value === '' ? null : (
        <p>
          {notice.value}{' '}
          <button
            type="button"
            onClick={() => {
              notice.value = '';
            }}
          >
            Close
          </button>
        </p>
      )}
    </div>
  );
}

const NeedsMore = () => (
  <section class="card hero" id="too-old">
    <h1>This browser cannot run MIST</h1>
    <p class="sub">
      It needs WebAssembly with SIMD and workers: Chrome or Edge 91, Firefox 89, Safari 16.4, or later ones. The command
      line does the same: <code>npx mist sweep</code>.
    </p>
  </section>
);

const root = document.querySelector('main') as HTMLElement;
root.replaceChildren();
if (canRun()) {
  open();
  render(<Page />, root);
  heedTables(compare);
  heedDrops();
  document.addEventListener('keydown', (event) => {
    const typing =
      /^(textarea|input)$/i.test((event.target as Element).tagName) &&
      (event.target as HTMLInputElement).type !== 'range';
    if (typing || event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    event.preventDefault();
    undo();
  });
} else render(<NeedsMore />, root);
