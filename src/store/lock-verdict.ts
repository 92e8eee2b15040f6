import type { LockRequest, LockVerdict } from '../ports/run-store.ts';

/** Who has a name, and how many came earlier and still wait for it. */
export interface NameInUse {
  readonly holders: readonly { readonly rootId: string; readonly capacity: number }[];
  readonly ahead: number;
}

/**
 * All of the names or none. Who waits ahead counts as if it held the name already, so that nobody
 * is overtaken for a place; where there is room for both, nobody waits for the other. Whoever came
 * first looks at holders only, and holders wait for nothing: there is always one that can go on.
 */
export function judgeLocks(
  rootId: string,
  locks: readonly LockRequest[],
  inUse: (name: string) => NameInUse,
): LockVerdict {
  for (const { name, capacity } of locks) {
    const { holders, ahead } = inUse(name);
    const others = holders.filter((holder) => holder.rootId !== rootId);
    // A name that somebody has for itself alone is not shared because a later one would share it.
    const room = Math.min(capacity, ...others.map((holder) => holder.capacity));
    if (others.length + ahead >= room) {
      return { granted: false, name, holders: others.map((holder) => holder.rootId), ahead };
    }
  }
  return { granted: true };
}
