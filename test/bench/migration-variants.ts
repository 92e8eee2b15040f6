import type { LiveMigrationInput } from '../../machines/index.ts';
import { plainOptions } from '../support/migration-options.ts';

/** One way to move a guest, and what is asked of it beside the C library's own. */
export interface MigrationVariant {
  readonly bench: string;
  readonly protocol: LiveMigrationInput['protocol'];
  readonly tunnelled: boolean;
  /** Call to verified, less what our looking before and after may cost. */
  readonly timeGoal: string;
  /** The pause of a guest that is at work; `null`: not measured. */
  readonly downtimeGoal: string | null;
}

export const migrationVariants: readonly MigrationVariant[] = [
  {
    bench: 'p2p-migration',
    protocol: 'peer2peer',
    tunnelled: false,
    timeGoal: '<= 1.02',
    downtimeGoal: '<= 1',
  },
  {
    bench: 'direct-migration',
    protocol: 'direct',
    tunnelled: false,
    timeGoal: '<= 1.02',
    downtimeGoal: '<= 1',
  },
  {
    bench: 'tunnelled-migration',
    protocol: 'peer2peer',
    tunnelled: true,
    timeGoal: '<= 1.1',
    downtimeGoal: null,
  },
];

/** What is said to libvirt, whoever says it; `dconnuri` is how the source daemon reaches the other. */
export function optionsOf({ protocol, tunnelled }: MigrationVariant, dconnuri: string) {
  const destinationConnectUri = protocol === 'direct' ? null : dconnuri;
  return { ...plainOptions, tunnelled, destinationConnectUri };
}
