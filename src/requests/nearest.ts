/** More changes than that are another word. */
const changesMax = 3;

/** The known name that differs least from what was given; `null`: none is like it. */
export function nearestName(given: string, known: readonly string[]): string | null {
  const wanted = given.toLowerCase().slice(0, 64);
  const most = Math.min(changesMax, Math.floor(wanted.length / 2));
  const ranked = known
    .map((name) => ({ name, changes: changesBetween(wanted, name.toLowerCase()) }))
    .filter(({ changes }) => changes <= most)
    .toSorted((a, b) => a.changes - b.changes);
  return ranked[0]?.name ?? null;
}

/** `; did you mean NAME?`, or nothing. */
export function didYouMean(given: string, known: readonly string[]): string {
  const name = nearestName(given, known);
  return name === null ? '' : `; did you mean ${name}?`;
}

/** Levenshtein's distance, where two neighbours that have changed places are one change (`bd1` for `db1`). */
function changesBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  let twoAbove: readonly number[] = [];
  for (const [row, letter] of one.split('').entries()) {
    const current = [row + 1];
    for (const [column, against] of other.split('').entries()) {
      const replaced = (above[column] ?? 0) + (letter === against ? 0 : 1);
      const isSwap = letter === other[column - 1] && against === one[row - 1];
      const swapped = isSwap ? (twoAbove[column - 1] ?? 0) + 1 : Infinity;
      const added = Math.min((above[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1);
      current.push(Math.min(replaced, swapped, added));
    }
    twoAbove = above;
    above = current;
  }
  return above.at(-1) ?? 0;
}
