// The door through which verbs take specs: from a file or standard input, with what --set puts on top.
import type arg from 'arg';
import { UserError } from '../check/issue.ts';
import { quoteWord } from '../report/launch.ts';
import { readSpecText } from '../spec/open.ts';
import { blameSetValues, readSetValues, setValues } from '../spec/set-values.ts';
import { type Flags, type Output, readStandardInput, type Verb, verb } from './flags.ts';

const SPEC_FLAGS = { '--set': [String] as [StringConstructor] } as const;

/** For the help of verbs that take a spec. */
export const SPEC_HELP = `  --set PATH=VALUE   change the spec: --set engine.max_num_seqs=64, --set 'deployment.hardware=[l40s, h100-sxm-80gb]', as often as
                     needed, lists are axes as in the file; SPEC may be - for standard input
`;

/** Where a spec is read from standard input. */
const STANDARD_INPUT = '-';

export interface SpecDoor {
  /** The text of a spec file, or of standard input (`-`), with all that is set. */
  read(file: string): string;
  /** The spec as the command line has it: its file and what is set, for commands that are suggested. */
  words(file: string): string;
}

type SpecAct<T extends arg.Spec> = (
  flags: Flags<T & typeof SPEC_FLAGS>,
  out: Output,
  specs: SpecDoor,
) => Promise<number>;

/** A verb that takes specs: it has --set, and mistakes in what was set are told by that flag. */
export function specVerb<T extends arg.Spec>(name: string, flags: T, help: string, act: SpecAct<T>): Verb {
  return verb(name, { ...flags, ...SPEC_FLAGS }, help, async (read, out) => {
    const given = (read as Flags<typeof SPEC_FLAGS>)['--set'] ?? [];
    const values = readSetValues(given);
    const texts = new Map<string, string>(); // standard input can be read once
    const textOf = (file: string): string => {
      const text = texts.get(file) ?? (file === STANDARD_INPUT ? readStandardInput(out) : readSpecText(file));
      texts.set(file, text);
      return text;
    };
    const specs: SpecDoor = {
      read: (file) => setValues(textOf(file), values),
      words: (file) => [file, ...given.map((one) => `--set ${quoteWord(one)}`)].join(' '),
    };
    try {
      return await act(read as Flags<T & typeof SPEC_FLAGS>, out, specs);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(error.issues.map((issue) => blameSetValues(issue, values, texts.get(issue.file ?? ''))));
    }
  });
}
