// Items by what they have in common.

/** Items that have something in common: one at least. */
export type Group<Item> = [Item, ...Item[]];

/** Items by key, in order of first appearance (Map.groupBy, which Node 20 does not have). */
export function groupBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Map<string, Group<Item>> {
  const groups = new Map<string, Group<Item>>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** The first item of each key. */
export function firstOfEach<Item>(items: Iterable<Item>, key: (item: Item) => string): Item[] {
  return [...groupBy(items, key).values()].map(([first]) => first as Item);
}
