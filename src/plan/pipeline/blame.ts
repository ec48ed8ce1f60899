// Mistakes that only show when a spec meets the catalog, in the spec's own words and with its lines.
import { type Issue, UserError } from '../../check/issue.ts';
import { formatPath, type Path, parseSpecDocument, type SpecDocument } from '../../spec/document.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';

export type Blame = (path: Path, expected: string, received: string, hint?: string) => void;

/** Collects mistakes of a spec; `settle` throws them all, if there are any. */
export function openBlame(spec: Pick<FleetSpec, 'text' | 'file'>): { readonly blame: Blame; settle(): void } {
  const issues: Issue[] = [];
  // Only who has something to blame wants to know lines: a sweep asks for thousands of these.
  let document: SpecDocument | undefined;
  return {
    blame(path, expected, received, hint) {
      document ??= parseSpecDocument(spec.text, spec.file);
      const text = formatPath(path);
      const issue = { path: text, expected, received, file: spec.file, line: document.lineOf(path) };
      // instances of a pool are alike: what is wrong with one is wrong with all
      if (issues.some((one) => one.path === text && one.expected === expected && one.received === received)) return;
      issues.push(hint ? { ...issue, hint } : issue);
    },
    settle() {
      if (issues.length > 0) throw new UserError([...issues].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
    },
  };
}
