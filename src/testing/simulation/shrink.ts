/** So many are tried in every combination; of more, halves and smaller pieces are left out first. */
const tryAllMax = 7;

/**
 * The shortest part of a script that still fails, in the same order: of up to seven steps there is
 * provably no shorter one, of more none that lacks a single step of it.
 */
export async function shortestFailing<T>(
  script: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  const short = script.length > tryAllMax ? await inPieces(script, fails) : script;
  if (short.length > tryAllMax) return short;
  for (const part of partsOf(short))
    if (part.length < short.length && (await fails(part))) return part;
  return short;
}

/** Leaves out pieces, larger ones first, as long as that can be done (Zeller's ddmin). */
async function inPieces<T>(
  script: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = script;
  for (
    let size = Math.ceil(script.length / 2);
    size >= 1;
    size = size > 1 ? Math.ceil(size / 2) : 0
  )
    for (let from = 0; from < left.length;) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (await fails(without)) left = without;
      else from += size;
    }
  return left;
}

/** Every choice of steps, shorter ones first. */
function partsOf<T>(script: readonly T[]): readonly T[][] {
  const parts = Array.from({ length: 2 ** script.length }, (_, choice) =>
    script.filter((_step, at) => (choice & (1 << at)) !== 0),
  );
  return parts.toSorted((one, other) => one.length - other.length);
}
