import { newSnapshotBook } from './snapshot-book.ts';
import type { Domain } from './world.ts';

/** A domain that nobody has defined: it is there for as long as it runs, which it does not yet. */
export function transientDomain(known: Pick<Domain, 'uuid' | 'name' | 'definition'>): Domain {
  return {
    ...known,
    persistent: false,
    state: 'shutoff',
    reason: 'unknown',
    qemu: null,
    job: null,
    work: null,
    configuredDisks: new Map(),
    snapshots: newSnapshotBook(),
  };
}
