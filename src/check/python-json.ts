// JSON as Python writes it: json.dumps puts bare Infinity, -Infinity and NaN where JSON has no word for them.

/** Strings are passed over whole, so that a word inside one stays what it is. */
const WORDS = /"(?:[^"\\]|\\.)*"|\bInfinity\b|\bNaN\b/g;

/** Parses JSON, or Python's. Infinity is read as infinite, NaN as null: nothing is known. Throws SyntaxError as JSON.parse does. */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = mend(text, 'null');
    if (mended === text) throw error;
    return JSON.parse(mended);
  }
}

/** The same without throwing: undefined where it is no JSON. */
export function tryJson(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch {
    return undefined;
  }
}

/** The fields of an object, whatever they are. */
export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same text as JSON with everything in its place, to look for what else is wrong with it. */
export function asPlainJson(text: string): string {
  return mend(text, '0.0');
}

/** 1e999 is beyond the largest double: every parser of JSON makes it infinite. Padded, columns stay what they are. */
function mend(text: string, nan: string): string {
  return text.replace(WORDS, (word) => (word === 'Infinity' ? '1e999   ' : word === 'NaN' ? nan : word));
}
