// HTML from text that others wrote: names, paths and specs are data, never markup.

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as element content and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITY[character]!);
}

/** A template whose values are escaped, except those already made by `html` itself (`Markup`). */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0];
  for (let i = 0; i < values.length; i++) text += render(values[i]!) + parts[i + 1];
  return new Markup(text!);
}

export type Content = string | number | Markup | readonly Content[];

/** Text that is known to be markup. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function render(value: Content): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return escapeHtml(String(value));
}

/** Markup from a trusted source (our own SVG, CSS and script). */
export function trusted(text: string): Markup {
  return new Markup(text);
}
