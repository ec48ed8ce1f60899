// Splits what people paste into words as a POSIX shell would: quotes, escapes, continued lines, comments, variables, here-documents.

/** One command: its words, and the variables that were set for it alone. */
export interface ShellCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** 1-based, of its first word. */
  readonly line: number;
}

export interface Script {
  readonly commands: readonly ShellCommand[];
  /** Files that here-documents of the script write, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of variables that nothing in the text sets. */
  readonly unset: readonly string[];
  /** Where a quote opens that never closes; 1-based, null where none does. */
  readonly open: number | null;
}

const ASSIGNED = /^([A-Za-z_]\w*)=([\s\S]*)$/;
const ENDS = new Set([';', '\n', '&', '|', '(', ')']);

export function readScript(text: string): Script {
  const { body, files } = takeDocuments(text.replace(/\r\n/g, '\n'));
  const set = new Map<string, string>();
  const unset = new Set<string>();
  const scan = new Scan(body, (name, otherwise) => {
    const value = set.get(name) ?? otherwise;
    if (value === undefined) unset.add(name);
    return value ?? '';
  });
  const commands: ShellCommand[] = [];
  for (;;) {
    const found = scan.command();
    if (found === null) break;
    const command = withoutAssignments(found, set);
    if (command.words.length > 0) commands.push(command);
  }
  return { commands, files, unset: [...unset], open: scan.open };
}

/** Assignments before a command are its own; those alone, or after export, hold for what follows. */
function withoutAssignments(
  { words, line }: { words: string[]; line: number },
  set: Map<string, string>,
): ShellCommand {
  const own: Record<string, string> = {};
  let first = 0;
  const exporting = words[0] === 'export' || words[0] === 'set';
  if (exporting || words[0] === 'env') first = 1;
  for (; first < words.length; first++) {
    const [, name, value] = ASSIGNED.exec(words[first]!) ?? [];
    if (name === undefined) break;
    own[name] = value!;
  }
  const rest = exporting ? [] : words.slice(first);
  if (rest.length === 0) for (const [name, value] of Object.entries(own)) set.set(name, value);
  // what was exported before is there, too
  return { words: rest, environment: { ...Object.fromEntries(set), ...own }, line };
}

/** `cat > NAME <<'WORD'` ... `WORD`: the file that it writes; its lines are no commands. */
function takeDocuments(text: string): { body: string; files: Record<string, string> } {
  const files: Record<string, string> = {};
  const lines = text.split('\n');
  const body: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, mark] = /<<-?\s*['"]?(\w+)['"]?/.exec(lines[i]!) ?? [];
    const end = mark === undefined ? -1 : lines.findIndex((line, at) => at > i && line.trim() === mark);
    if (end < 0) {
      body.push(lines[i]!);
      continue;
    }
    const [, name] = /(?:>|\btee\s)\s*['"]?([^\s'"<>|]+)/.exec(lines[i]!.replace(/<<-?\s*['"]?\w+['"]?/, '')) ?? [];
    if (name !== undefined) files[name] = `${lines.slice(i + 1, end).join('\n')}\n`;
    body.push(lines[i]!.replace(/<<-?\s*['"]?\w+['"]?/, ''));
    for (; i < end; i++) body.push(''); // lines keep their numbers
  }
  return { body: body.join('\n'), files };
}

/** One pass over the text. */
class Scan {
  open: number | null = null;
  private at = 0;
  private line = 1;
  private readonly text: string;
  private readonly look: (name: string, otherwise?: string) => string;

  constructor(text: string, look: (name: string, otherwise?: string) => string) {
    this.text = text;
    this.look = look;
  }

  /** The words of the next command, redirections left out; null at the end. */
  command(): { words: string[]; line: number } | null {
    while (this.at < this.text.length && (ENDS.has(this.text[this.at]!) || /[ \t]/.test(this.text[this.at]!)))
      this.step();
    if (this.at >= this.text.length) return null;
    const { line } = this;
    const words: string[] = [];
    while (this.at < this.text.length && !ENDS.has(this.text[this.at]!)) {
      const c = this.text[this.at];
      if (/[ \t]/.test(c!)) this.step();
      else if (c === '\\' && this.text[this.at + 1] === '\n') this.step(2);
      else if (c === '#') while (this.at < this.text.length && this.text[this.at] !== '\n') this.step();
      else if (/^\d*(>>?|<)&?/.test(this.text.slice(this.at, this.at + 4))) this.redirection();
      else words.push(this.word());
    }
    return { words, line };
  }

  private step(count = 1): string {
    const taken = this.text.slice(this.at, this.at + count);
    for (const c of taken) if (c === '\n') this.line++;
    this.at += count;
    return taken;
  }

  private redirection(): void {
    const [mark] = /^\d*(>>?|<)&?/.exec(this.text.slice(this.at))!;
    this.step(mark.length);
    while (/[ \t]/.test(this.text[this.at] ?? '')) this.step();
    if (this.at < this.text.length && !ENDS.has(this.text[this.at]!)) this.word();
  }

  private word(): string {
    let word = '';
    while (this.at < this.text.length) {
      const c = this.text[this.at];
      if (/[ \t]/.test(c!) || ENDS.has(c!) || c === '>' || c === '<') break;
      if (c === "'") word += this.quoted();
      else if (c === '"') word += this.doubleQuoted();
      else if (c === '$') word += this.variable();
      else if (c === '\\') {
        this.step();
        const next = this.step();
        if (next !== '\n') word += next;
      } else word += this.step();
    }
    return word;
  }

  private quoted(): string {
    const begin = this.line;
    this.step();
    const end = this.text.indexOf("'", this.at);
    if (end < 0) this.open = begin;
    const inside = this.step((end < 0 ? this.text.length : end) - this.at);
    this.step();
    return inside;
  }

  private doubleQuoted(): string {
    const begin = this.line;
    this.step();
    let inside = '';
    while (this.at < this.text.length && this.text[this.at] !== '"') {
      const [c, next] = [this.text[this.at], this.text[this.at + 1]];
      if (c === '\\' && /["\\$`\n]/.test(next ?? '')) inside += this.step(2).slice(1).replace('\n', '');
      else if (c === '$') inside += this.variable();
      else inside += this.step();
    }
    if (this.at >= this.text.length) this.open = begin;
    this.step();
    return inside;
  }

  /** $NAME, ${NAME}, ${NAME:-otherwise}; anything else after $ stays as it is. */
  private variable(): string {
    const found = /^\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})/.exec(this.text.slice(this.at));
    if (!found) return this.step();
    this.step(found[0].length);
    return this.look(found[1] ?? found[2]!, found[3]!);
  }
}
