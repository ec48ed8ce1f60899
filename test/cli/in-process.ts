// A verb in this process, with what it printed and the code that the command line would end with.
import { UserError } from '../../src/check/issue.ts';
import { launch } from '../../src/commands/launch.ts';
import { run } from '../../src/commands/run.ts';
import { spec } from '../../src/commands/spec.ts';

const VERBS = { launch, run, spec };

export interface Said {
  readonly code: number;
  readonly out: string;
  /** What stderr shows of a user's mistakes. */
  readonly err: string;
}

/** Errors that are no UserError are thrown: on the command line they would be a stack trace. */
export async function say(verb: keyof typeof VERBS, ...argv: string[]): Promise<Said> {
  let out = '';
  try {
    const stdout = (text: string) => {
      out += text;
    };
    const code = await VERBS[verb](argv, { stdout, stderr: () => undefined });
    return { code, out, err: '' };
  } catch (error) {
    if (error instanceof UserError) return { code: 2, out, err: error.message };
    throw error;
  }
}
