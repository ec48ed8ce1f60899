// The door of the maintainers' tools: npm run tools -- calibrate FOLDER | validate-page FILE | accuracy ... (scripts/tools.mjs builds them first).
import { formatIssue, UserError } from '../src/check/issue.ts';
import type { Output } from '../src/commands/flags.ts';
import { fitFolder, HELP } from './calibrate/fit-folder.ts';
import { printAccuracy } from './validate/accuracy.ts';
import { HELP as PAGE_HELP, writeValidation } from './validate/page.ts';

/** Exit code 0, or 2 for a mistake of the user's. */
export async function runTool([verb, ...argv]: readonly string[], out: Output): Promise<number> {
  try {
    if (verb === 'calibrate') fitFolder(argv, out);
    else if (verb === 'validate-page') await writeValidation(argv, out);
    else if (verb === 'accuracy') return await printAccuracy(argv, out, process.cwd());
    else {
      out.stdout(`${HELP}\n${PAGE_HELP}`);
      return verb === undefined ? 0 : 2;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const issue of error.issues) out.stderr(`${formatIssue(issue)}\n`);
    return 2;
  }
}
