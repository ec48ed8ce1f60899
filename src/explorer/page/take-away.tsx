// What leaves the page by the reader's hand: the link, the spec, the commands, the results.
import { useState } from 'preact/hooks';
import { asked, found, question, run } from './store.ts';

const SPEC = 'spec.yaml';

/** One script that writes what the command line needs, and asks it. */
function shellOf(text: string): string {
  const files = found.value?.files ?? [];
  const here = ({ path, text: content }: { path: string; text: string }) =>
    `cat > ${path} <<'MIST'\n${content.trimEnd()}\nMIST\n`;
  const folders = [...new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/'))))];
  const make = folders.length > 0 ? `mkdir -p ${folders.join(' ')}\n` : '';
  const own = files.length > 0 ? ' --catalog catalog' : '';
  return `${make}${[{ path: SPEC, text }, ...files].map(here).join('')}${commandOf(own)}`;
}

function commandOf(own: string): string {
  const row = found.value?.row;
  const one = row === null || row === undefined ? '' : `mist run ${SPEC} --row ${row}${own} --json\n`;
  return `mist sweep ${SPEC}${own} --out results\n${one}`;
}

function save(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function TakeAway() {
  const { text } = question.value;
  const own = (found.value?.files.length ?? 0) > 0;
  const config = asked.value.config;
  return (
    <section class="card take">
      <h2>Take it along</h2>
      <p class="note">
        The link of this page holds the whole question. Nothing leaves this machine. The spec below makes{' '}
        <code>mist</code> compute the same bytes{own ? ', with the catalog files of the what-ifs beside it' : ''}
        {config === '' ? '' : ', with the config.json beside it as own-model.json'}.
      </p>
      <div class="tools">
        <Copy words="Copy the link" text={() => location.href} />
        <Copy words="Copy the spec" text={() => text} />
        <button type="button" onClick={() => save(SPEC, text)}>
          Save {SPEC}
        </button>
        <button type="button" onClick={() => save('question.sh', shellOf(text))}>
          Save it with its commands
        </button>
        {config === '' ? null : (
          <button type="button" onClick={() => save('own-model.json', config)}>
            Save own-model.json
          </button>
        )}
        {found.value?.csv ? (
          <button type="button" onClick={() => save('results.csv', found.value?.csv ?? '')}>
            Save results.csv
          </button>
        ) : null}
        {run.value ? (
          <button type="button" onClick={() => save('run.json', run.value?.json ?? '')}>
            Save run.json
          </button>
        ) : null}
        <button type="button" onClick={() => window.print()}>
          Print
        </button>
      </div>
      <details>
        <summary>The spec</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre id="spec" tabIndex={0}>
          {text}
        </pre>
      </details>
      <details>
        <summary>The commands</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre tabIndex={0}>{commandOf(own ? ' --catalog catalog' : '')}</pre>
      </details>
    </section>
  );
}

function Copy({ words, text }: { readonly words: string; text(): string }) {
  const [done, setDone] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setDone('Copied');
    } catch {
      setDone('The browser does not let it be copied');
    }
    setTimeout(() => setDone(''), 1500);
  };
  return (
    <button type="button" onClick={copy}>
      {done === '' ? words : done}
    </button>
  );
}
