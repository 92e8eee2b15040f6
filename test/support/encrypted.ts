import { expect } from 'vitest';

import type { MigrationOptions } from '../../src/index.ts';
import { expectAsBefore, expectMoved, expectTicksContinuous, useLab } from './lab-migration.ts';

/** How a guest is moved with its streams encrypted. */
export interface EncryptedMove {
  readonly protocol: 'peer2peer' | 'direct';
  /** `private`: its disk is copied, too. */
  readonly storage: 'shared' | 'private';
  readonly options?: Partial<MigrationOptions>;
}

/** A lab on which guests move encrypted, or stay where they are. */
export function useEncrypted(purpose: string) {
  const stage = useLab(purpose);
  const there = { from: 'hostA', to: 'hostB' };

  const guestFor = ({ storage }: EncryptedMove) =>
    stage.lab.guest('guest', { on: 'hostA', storage });
  const end = (guest: Awaited<ReturnType<typeof guestFor>>, move: EncryptedMove) =>
    stage
      .migrate(guest, {
        ...there,
        input: { protocol: move.protocol },
        options: {
          tls: true,
          destinationConnectUri: stage.lab.host('hostB').tls,
          copyStorage: move.storage === 'private' ? 'all' : 'none',
          ...move.options,
        },
      })
      .end();

  return {
    stage,
    succeeds: async (move: EncryptedMove): Promise<void> => {
      const guest = await guestFor(move);
      expect(await end(guest, move)).toMatchObject({ outcome: 'completed', failure: null });
      await expectMoved(stage.lab, guest, there);
      await expectTicksContinuous(guest);
    },
    /** The guest is made and runs before anything is done to the certificates. */
    fails: async (
      move: EncryptedMove,
      arrange: () => Promise<unknown>,
      says: string | RegExp,
    ): Promise<void> => {
      const guest = await guestFor(move);
      await arrange();
      const before = await stage.lab.listing();
      const output = await end(guest, move);
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
      expect(output.failure?.message).toMatch(says);
      await expectAsBefore(stage.lab, before);
      await expectTicksContinuous(guest);
    },
  };
}
