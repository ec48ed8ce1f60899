// Small parts that the page is made of.
import type { ComponentChildren } from 'preact';

/** Markup of the reports' own parts: what others wrote is escaped in it. */
export function Markup({ text, name }: { readonly text: string; readonly name?: string }) {
  return text === '' ? null : <div class={name} dangerouslySetInnerHTML={{ __html: text }} />;
}

export function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

interface Choice {
  readonly value: string;
  readonly words: string;
}

export function Select(props: {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  onPick(value: string): void;
}) {
  return (
    <Field label={props.label}>
      <select value={props.value} onChange={(event) => props.onPick(event.currentTarget.value)}>
        {props.choices.map(({ value, words }) => (
          <option key={value} value={value} selected={value === props.value}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function Figure(props: {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  onChange(value: number): void;
}) {
  return (
    <Field label={props.label}>
      <input
        type="number"
        min={props.least}
        step="any"
        value={props.value}
        onChange={(event) => {
          const value = event.currentTarget.valueAsNumber;
          if (value >= props.least) props.onChange(value);
          else event.currentTarget.value = String(props.value);
        }}
      />
    </Field>
  );
}

export function Checks(props: {
  readonly legend: string;
  readonly picked: readonly string[];
  readonly choices: readonly Choice[];
  onPick(picked: readonly string[]): void;
}) {
  const toggle = (value: string) => {
    const { picked } = props;
    const next = picked.includes(value) ? picked.filter((one) => one !== value) : [...picked, value];
    if (next.length > 0) props.onPick(next);
  };
  return (
    <fieldset class="checks">
      <legend>{props.legend}</legend>
      {props.choices.map(({ value, words }) => (
        <label key={value}>
          <input type="checkbox" checked={props.picked.includes(value)} onChange={() => toggle(value)} /> {words}
        </label>
      ))}
    </fieldset>
  );
}
