// What scripts/explorer.mjs puts into the bundle of the worker.
declare module 'virtual:mist-files' {
  /** Path and text of every file that the rooms read: the catalog, package.json. */
  const files: readonly (readonly [path: string, text: string])[];
  export default files;
}
