// The nearest known names to a word that is not known: what a good error offers.

/** Edit distance (insert, delete, replace, swap of neighbours) between two words, by the optimal-string-alignment rule. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(row[j - 1]! + 1, last[j]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** Up to `limit` of `known` that a user may have meant by `word`: close in spelling, or containing it. Best first. */
export function nearest(word: string, known: Iterable<string>, limit = 3): string[] {
  const asked = word.toLowerCase();
  const scored: { name: string; score: number }[] = [];
  for (const name of known) {
    const candidate = name.toLowerCase();
    const distance = editDistance(asked, candidate);
    const contains = asked.length >= 2 && (candidate.includes(asked) || asked.includes(candidate));
    if (contains) scored.push({ name, score: Math.min(distance, 1 + distance / 100) });
    else if (distance <= Math.max(2, Math.floor(asked.length / 3))) scored.push({ name, score: distance });
  }
  scored.sort((x, y) => x.score - y.score || (x.name < y.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

/** "did you mean tp or pp?": the hint of an issue; none where nothing known is near. */
export function didYouMean(word: string, known: Iterable<string>, limit = 3): string | undefined {
  const close = nearest(word, known, limit);
  return close.length > 0 ? `did you mean ${close.join(' or ')}?` : undefined;
}
