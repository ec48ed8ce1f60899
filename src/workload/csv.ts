// A table of comma-separated text, record by record, with the line each record starts on and nothing repaired in silence.

export interface CsvRecord {
  /** 1-based line of the file on which the record starts. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The records of a text by RFC 4180: commas, double quotes, LF or CRLF; empty lines are left out. Records may differ in
 * length (a line that is cut short is the caller's to report), which is why no faster parser is used here: the one in
 * this project, udsv, reads on into the next line and never ends on a last line with too few columns.
 */
export function* readRecords(text: string): Generator<CsvRecord> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const row = text.slice(at, text.charCodeAt(end - 1) === 13 && end > at ? end - 1 : end);
    if (!row.includes('"')) {
      if (row.trim() !== '') yield { line, cells: row.split(',') };
      at = end + 1;
      line++;
      continue;
    }
    const quoted = readQuoted(text, at);
    yield { line, cells: quoted.cells };
    line += quoted.lines;
    at = quoted.next;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** One record with quotes in it, which may span lines: its cells, the lines it takes and where the next one starts. */
function readQuoted(text: string, start: number): { cells: string[]; lines: number; next: number } {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  let lines = 1;
  let at = start;
  for (; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      if (quoted && text[at + 1] === '"') cell += text[at++];
      else quoted = !quoted;
    } else if (quoted) {
      if (c === '\n') lines++;
      cell += c;
    } else if (c === '\n') {
      break;
    } else if (c === ',') {
      cells.push(cell);
      cell = '';
    } else if (c !== '\r') {
      cell += c;
    }
  }
  cells.push(cell);
  return { cells, lines, next: at + 1 };
}
