// Files of one's own: a config.json that is pasted, picked or dropped, and a trace that is read piece by piece.
import { signal } from '@preact/signals';
import { notice, takeConfig, takeTrace } from './store.ts';

const reading = signal('');

/** A model's config is small; what is larger is something else. */
const MOST_CONFIG = 1e6;

/** What is wrong with a text that should be a config.json; '' where nothing is. */
function mistakeIn(text: string): string {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return 'it is JSON, but no object';
    if (!('hidden_size' in data || 'text_config' in data || 'dim' in data || 'n_embd' in data || 'd_model' in data))
      return 'it has no hidden_size, which the config.json of a model has';
    return '';
  } catch (error) {
    return `it is no JSON (${(error as Error).message})`;
  }
}

function take(text: string): void {
  const wrong = mistakeIn(text);
  notice.value = wrong === '' ? '' : `That is no config.json: ${wrong}. The model stays as it was.`;
  if (wrong === '') takeConfig(JSON.stringify(JSON.parse(text)));
}

export function TakeConfig() {
  return (
    <details>
      <summary>or a config.json of your own</summary>
      <label class="field">
        <span>Paste it here, or drop the file on the page</span>
        <textarea rows={4} spellcheck={false} onChange={(event) => take(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>or pick the file</span>
        <input type="file" accept=".json,application/json" onChange={(event) => takeFiles(event.currentTarget.files)} />
      </label>
    </details>
  );
}

export function TakeTrace() {
  return (
    <details>
      <summary>or a trace of your own</summary>
      <label class="field">
        <span>JSON lines or CSV (Mooncake, Azure, BurstGPT, …); dropping it on the page does too</span>
        <input type="file" accept=".jsonl,.csv,.json,.gz" onChange={(event) => takeFiles(event.currentTarget.files)} />
      </label>
      <p class="note" aria-live="polite">
        {reading}
      </p>
    </details>
  );
}

export async function takeFiles(files: FileList | null | undefined): Promise<void> {
  const file = files?.[0];
  if (!file) return;
  try {
    if (/\.json$/i.test(file.name) && file.size < MOST_CONFIG) take(await file.text());
    else await readTrace(file);
  } catch (error) {
    notice.value = `${file.name} could not be read: ${(error as Error).message}`;
  }
}

/** Most that a text in a browser can hold. */
const MOST_TRACE = 500e6;

async function readTrace(file: File): Promise<void> {
  if (file.size > MOST_TRACE)
    throw new Error(`it has ${(file.size / 1e6).toFixed(0)} MB, and at most ${MOST_TRACE / 1e6} can be read`);
  const bytes = new Uint8Array(file.size);
  const reader = file.stream().getReader();
  for (let at = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, at);
    at += value.length;
    reading.value = `${file.name}: ${(at / 1e6).toFixed(1)} of ${(file.size / 1e6).toFixed(1)} MB read`;
  }
  notice.value = reading.value;
  takeTrace(file.name.replace(/[^\w.-]/g, '-'), bytes);
}

/** The whole page takes files. */
export function heedDrops(): void {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    void takeFiles(event.dataTransfer?.files);
  });
}
