// How wide the terminal is: the one place that asks.

/** Narrower than this nothing can be read, wider than this eyes lose the line. */
const NARROWEST = 80;
const WIDEST = 200;
/** Files and pipes have no width: this one keeps their text the same everywhere. */
const NOWHERE = 120;

/** Columns of the terminal, of COLUMNS where there is none, else 120; between 80 and 200. */
export function terminalWidth(): number {
  const { stdout, env } = globalThis.process ?? {};
  const asked = stdout?.columns || Number(env?.COLUMNS) || NOWHERE;
  return Math.min(WIDEST, Math.max(NARROWEST, Math.floor(asked)));
}

/** Text whose lines fit: what is too long goes on below, under the last column of its line (two spaces part columns). */
export function fitText(text: string, width = terminalWidth()): string {
  return text
    .split('\n')
    .flatMap((line) => fitLine(line, width))
    .join('\n');
}

function fitLine(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const own = /^ */.exec(line)![0].length;
  const column = /^ *\S+(?: \S+)* {2,}(?=\S)/.exec(line)?.[0].length ?? own;
  const indent = column <= width / 2 ? column : own;
  return wrap(line.slice(indent), width - indent).map((part, i) =>
    i === 0 ? line.slice(0, indent) + part : ' '.repeat(indent) + part,
  );
}

/** Words in lines of at most `width` characters; later lines are indented by `indent`. */
export function wrap(text: string, width = terminalWidth(), indent = ''): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = indent + word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  lines.push(current);
  return lines;
}
