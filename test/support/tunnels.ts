import { join } from 'node:path';

import type { Lab } from '../../lab/index.ts';
import type { LabMigrationRequest } from './lab-migration.ts';

export const tunnelProtocols = ['peer2peer', 'direct'] as const;

/**
 * What asks for a tunnel between two hosts of a lab; one that we carry goes through a socket that
 * hosts and test see at the same path. `slow`: long enough to be met in the middle.
 */
export function tunnelled(
  lab: Lab,
  protocol: (typeof tunnelProtocols)[number],
  speed: 'full' | 'slow' = 'full',
): Pick<LabMigrationRequest, 'input' | 'options'> {
  const ours = {
    relayUri: `unix://${join(lab.paths.sharedDir, 'relay.sock')}`,
    destinationConnectUri: null,
  };
  return {
    input: { protocol },
    options: {
      tunnelled: true,
      bandwidthMibPerS: speed === 'slow' ? 4 : 0,
      ...(protocol === 'direct' && ours),
    },
  };
}
