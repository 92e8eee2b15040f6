import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { phaseProcedures, Wire } from './wire.ts';
import type { Way } from './wire.ts';

/** What the source's daemon and the destination's say to each other, in a test's hand. */
export interface HeldDaemons {
  /** The destination's URI for the source's daemon: `destinationConnectUri`. */
  readonly uri: string;
  /** Resolves when the call, or the destination's answer to it, is held. */
  readonly held: Promise<void>;
  letGo(): void;
}

/**
 * Holds a migration that the source's daemon drives in a phase of the destination's: nobody hears
 * that the phase is due, or is over, until the test lets go. Keepalive ends it after half a minute.
 */
export async function holdDaemons(
  destination: LabHost,
  phase: 'finish' | 'prepare',
  way: Way,
): Promise<HeldDaemons> {
  const path = join(destination.dir, 'held-sock');
  const wire = await Wire.lay(path, destination.paths.socket);
  onTestFinished(() => wire.close());
  return {
    uri: `qemu+unix:///system?socket=${path}`,
    held: wire.stop(way, phaseProcedures[phase]),
    letGo: () => wire.letGo(),
  };
}
