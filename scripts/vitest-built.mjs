// For vitest: what tests take of src/ and assembly/ is what was built of it, loaded by Node itself. It runs faster than the sources
// as Vite rewrites them, where each use of an imported name is a call. npm test asks for it, having built just before.
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export const built = {
  name: 'mist-built',
  enforce: 'pre',
  resolveId(source, importer) {
    if (importer === undefined || !/^\.\.?\/.*\.ts$/.test(source)) return null;
    const path = relative(root, resolve(importer, '..', source));
    const made = `${root}dist/${path.replace(/\.ts$/, '.js')}`;
    return /^(src|assembly)[\\/]/.test(path) && existsSync(made) ? made : null;
  },
};
