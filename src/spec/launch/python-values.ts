// Values as Python prints them in logs: dictionaries, ServerArgs(...), Namespace(...). What is no literal stays text.
import { isRecord } from '../../check/python-json.ts';

/** Reads `{...}` or `Name(...)` that begins at `at`: its entries; null where it does not close. */
export function readPythonFields(text: string, at: number): Readonly<Record<string, unknown>> | null {
  const reader = new Reader(text, at);
  try {
    const value = text[at] === '{' ? reader.value() : reader.call();
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Unreadable extends Error {}

const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };
const LITERALS: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

class Reader {
  private readonly text: string;
  private at: number;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  value(): unknown {
    this.blanks();
    const c = this.text[this.at];
    if (c === '{') return this.braces();
    if (c === '[' || c === '(') return this.list(CLOSES[c]!);
    if (/^[rbuf]?['"]/i.test(this.text.slice(this.at, this.at + 2))) return this.quoted();
    return this.other();
  }

  /** `Name(a=1, b='x')`. */
  call(): unknown {
    while (this.text[this.at] !== '(' && this.at < this.text.length) this.at++;
    this.at++;
    const fields: Record<string, unknown> = {};
    while (!this.closed(')')) {
      const [, name] = /^\s*(\w+)=/.exec(this.text.slice(this.at, this.at + 100)) ?? [];
      if (name === undefined) throw new Unreadable();
      this.at = this.text.indexOf('=', this.at) + 1;
      fields[name] = this.value();
    }
    return fields;
  }

  private blanks(): void {
    while (/[\s,]/.test(this.text[this.at] ?? '')) this.at++;
  }

  /** At the closing mark, which is taken. */
  private closed(mark: string): boolean {
    this.blanks();
    if (this.at >= this.text.length) throw new Unreadable();
    if (this.text[this.at] !== mark) return false;
    this.at++;
    return true;
  }

  private braces(): unknown {
    this.at++;
    const fields: Record<string, unknown> = {};
    while (!this.closed('}')) {
      const key = this.value();
      this.blanks();
      if (this.text[this.at] !== ':') continue; // a set
      this.at++;
      fields[String(key)] = this.value();
    }
    return fields;
  }

  private list(close: string): unknown[] {
    this.at++;
    const items: unknown[] = [];
    while (!this.closed(close)) items.push(this.value());
    return items;
  }

  private quoted(): string {
    while (!/['"]/.test(this.text[this.at]!)) this.at++;
    const mark = this.text[this.at++];
    let inside = '';
    while (this.text[this.at] !== mark) {
      if (this.at >= this.text.length) throw new Unreadable();
      if (this.text[this.at] === '\\') this.at++;
      inside += this.text[this.at++];
    }
    this.at++;
    return inside;
  }

  /** A number, a word, or an object as it prints itself, with what is in its brackets. */
  private other(): unknown {
    const from = this.at;
    const open: string[] = [];
    while (this.at < this.text.length) {
      const c = this.text[this.at];
      if (open.length === 0 && /[,:\])}]/.test(c!)) break;
      if (c === open.at(-1)) open.pop();
      else if (CLOSES[c!] !== undefined) open.push(CLOSES[c!]!);
      this.at++;
    }
    const word = this.text.slice(from, this.at).trim();
    if (word === '') throw new Unreadable();
    if (Object.hasOwn(LITERALS, word)) return LITERALS[word];
    return /^-?[\d.]+(e[+-]?\d+)?$/i.test(word) ? Number(word) : word;
  }
}
