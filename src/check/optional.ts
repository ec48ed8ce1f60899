// Packages that most people need not have: loaded when they are asked for, and asked for by name where they are not there.
import { UserError } from './issue.ts';

/** A package whose part for this machine is missing has the second. */
const MISSING = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/** `name`: of the package, or of a module in it. `path`: what needs it, for mistakes. Throws UserError where it is not installed. */
export async function loadOptional<T>(name: string, path: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if (!MISSING.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const own = name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/');
    throw new UserError([{ path, expected: `the package ${own}`, received: 'none', hint: `npm install ${own}` }]);
  }
}
