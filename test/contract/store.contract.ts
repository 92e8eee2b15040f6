import { afterEach, beforeEach, describe, test } from 'vitest';
import type { RunStore } from '../../src/ports/run-store.ts';
import { storeLockCases } from './store-locks.cases.ts';
import { storeRunCases } from './store-runs.cases.ts';
import { storeSharingCases } from './store-sharing.cases.ts';

/** One place for runs, as several engines see it. */
export interface StoreWorld {
  /** One more engine in this process. */
  open(): RunStore;
  /** One more engine, which can be killed. */
  openMortal(): Promise<MortalStore>;
  dispose(): Promise<void>;
}

export interface MortalStore {
  readonly store: RunStore;
  /** Resolves when it is dead. */
  readonly die: () => Promise<void>;
}

/** What must be true of every store, seen only through the port. */
export type StoreCases = Readonly<Record<string, (world: StoreWorld) => Promise<void>>>;

const parts: Readonly<Record<string, StoreCases>> = {
  runs: storeRunCases,
  'several engines': storeSharingCases,
  locks: storeLockCases,
};

/** What every store owes to the port. */
export function describeStore(name: string, create: () => StoreWorld): void {
  describe(`store contract: ${name}`, () => {
    let world: StoreWorld;
    beforeEach(() => {
      world = create();
    });
    afterEach(() => world.dispose());

    describe.each(Object.entries(parts))('%s', (_part, cases) => {
      for (const [title, prove] of Object.entries(cases)) test(title, () => prove(world));
    });
  });
}
