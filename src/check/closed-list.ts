// A closed list, read from the layout file that holds its kernel ids: a name per constant, its id, and what it does in words.

/** HEAVY_LIGHT is `heavy-light`. */
type Kebab<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}-${Kebab<Tail>}`
  : Lowercase<Text>;

/** The names of a layout file's constants that begin with a prefix. */
export type NameIn<Layout, Prefix extends string> = {
  [Key in keyof Layout & string]: Key extends `${Prefix}_${infer Name}` ? Kebab<Name> : never;
}[keyof Layout & string];

export interface ClosedList<Name extends string> {
  /** In the order in which they are shown and offered, which is that of their ids. */
  readonly names: readonly Name[];
  /** What the kernels call them. */
  readonly id: Readonly<Record<Name, number>>;
  /** What each does. */
  readonly words: Readonly<Record<Name, string>>;
}

/** Reads the list of a layout file; throws where an id has no words, or two share one. */
export function readList<Layout extends object, Prefix extends string>(
  layout: Layout,
  prefix: Prefix,
  tell: (id: number) => string,
): ClosedList<NameIn<Layout, Prefix>> {
  type Name = NameIn<Layout, Prefix>;
  const ids = Object.entries(layout)
    .filter(([key, id]) => key.startsWith(`${prefix}_`) && typeof id === 'number')
    .map(
      ([key, id]) =>
        [
          key
            .slice(prefix.length + 1)
            .toLowerCase()
            .replaceAll('_', '-'),
          id,
        ] as [Name, number],
    )
    .sort(([, a], [, b]) => a - b);
  ids.forEach(([name, id], place) => {
    if (id !== place) throw new Error(`${prefix}: ids must count from 0, received ${id} for ${name}`);
    if (tell(id) === '') throw new Error(`${prefix}: ${name} has no words`);
  });
  return {
    names: ids.map(([name]) => name),
    id: Object.fromEntries(ids) as Record<Name, number>,
    words: Object.fromEntries(ids.map(([name, id]) => [name, tell(id)])) as Record<Name, string>,
  };
}

/** The words of a list as one sentence for a schema: `static: fill a batch …; continuous: …`. */
export function tellList<Name extends string>({ names, words }: ClosedList<Name>): string {
  return names.map((name) => `${name}: ${words[name]}`).join('; ');
}
