// The door of the maintainers' tools: npm run tools -- calibrate FOLDER ... (scripts/tools.mjs builds them first).
import { formatIssue, UserError } from '../src/check/issue.ts';
import type { Output } from '../src/commands/flags.ts';
import { fitFolder, HELP } from './calibrate/fit-folder.ts';

/** Exit code 0, or 2 for a mistake of the user's. */
export function runTool([verb, ...argv]: readonly string[], out: Output): number {
  try {
    if (verb === 'calibrate') fitFolder(argv, out);
    else out.stdout(HELP);
    return verb === 'calibrate' || verb === undefined ? 0 : 2;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const issue of error.issues) out.stderr(`${formatIssue(issue)}\n`);
    return 2;
  }
}
