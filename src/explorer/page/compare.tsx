// Two deployments side by side, and why a kind of hardware is not the answer.
import { useState } from 'preact/hooks';
import type { RunView, SearchView } from '../protocol.ts';
import { Select } from './parts.tsx';
import { asked, askWhy, beside, compare, names, run, why } from './store.ts';

export function Compare({ view }: { readonly view: SearchView }) {
  const rows = view.rows.filter(({ row }) => row !== view.row);
  const picked = asked.value.beside;
  const known = rows.some(({ row }) => row === picked) || picked < 0;
  return (
    <section class="card compare">
      <h2>Side by side</h2>
      <p class="note">A click on a dot or on a row of the ranking puts that deployment beside the answer.</p>
      <Select
        label="Beside the answer"
        value={String(picked)}
        choices={[
          { value: '-1', words: 'nothing' },
          ...rows.map(({ row, name }) => ({ value: String(row), words: name })),
          ...(known ? [] : [{ value: String(picked), words: `row ${picked}` }]),
        ]}
        onPick={(value) => compare(Number(value))}
      />
      <Table view={view} />
      <WhyNot />
    </section>
  );
}

function Table({ view }: { readonly view: SearchView }) {
  const [left, right] = [run.value, beside.value];
  if (!left || !right || asked.value.beside < 0) return null;
  const nameOf = ({ row }: RunView) => view.rows.find((one) => one.row === row)?.name ?? `row ${row}`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll open" tabIndex={0} aria-label="Two deployments side by side">
      <table>
        <thead>
          <tr>
            <th class="left">Figure</th>
            <th>{nameOf(left)}</th>
            <th>{nameOf(right)}</th>
          </tr>
        </thead>
        <tbody>
          {left.figures.map(([name, value], i) => {
            const other = right.figures[i]?.[1] ?? '';
            return (
              <tr key={name} class={value === other ? '' : 'differs'}>
                <th class="left" scope="row">
                  {name}
                </th>
                <td>{value}</td>
                <td>{other}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function WhyNot() {
  const [device, setDevice] = useState('');
  const known = names.value?.hardware ?? [];
  return (
    <>
      <div class="two">
        <Select
          label="Why not …?"
          value={device}
          choices={[
            { value: '', words: 'a kind of device' },
            ...known.map(({ id, name }) => ({ value: id, words: name })),
          ]}
          onPick={(value) => {
            setDevice(value);
            if (value !== '') askWhy(value);
          }}
        />
      </div>
      <div aria-live="polite">
        {why.value.length === 0 ? null : (
          <ul class="why">
            {why.value.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}
