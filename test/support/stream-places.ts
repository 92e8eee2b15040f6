import { expect } from 'vitest';

import type { HostNetwork, LabHost } from '../../lab/index.ts';
import type { MigrationOptions } from '../../src/index.ts';
import type { useLab } from './lab-migration.ts';
import { expectMoved, expectTicksContinuous } from './lab-migration.ts';
import { bytesReceived } from './link-counters.ts';

export interface StreamPlace {
  readonly what: string;
  readonly protocol: 'peer2peer' | 'direct';
  readonly options: (destination: LabHost) => Partial<MigrationOptions>;
  /** Where the streams have to go then. */
  readonly memory: HostNetwork;
  readonly disks: HostNetwork;
  readonly isDaily: boolean;
}

const choices = [
  {
    what: 'all goes where the destination calls itself',
    options: () => ({}),
    memory: 'main',
    disks: 'main',
    daily: null,
  },
  {
    what: 'all goes over the migration network',
    options: ({ migrationAddress }: LabHost) => ({
      migrationUri: `tcp://${migrationAddress}`,
      listenAddress: migrationAddress,
    }),
    memory: 'migration',
    disks: 'migration',
    daily: null,
  },
  {
    what: 'the memory goes over the main network, the disks over the other',
    options: ({ migrationAddress }: LabHost) => ({
      disksUri: `tcp://${migrationAddress}:49300`,
    }),
    memory: 'main',
    disks: 'migration',
    daily: 'direct',
  },
  {
    what: 'the memory goes over the migration network, the disks over the main one',
    options: ({ address, migrationAddress }: LabHost) => ({
      migrationUri: `tcp://${migrationAddress}:49200`,
      disksUri: `tcp://${address}:49300`,
    }),
    memory: 'migration',
    disks: 'main',
    daily: null,
  },
] as const;

/** Every choice of where the streams go, whoever drives. */
export const streamPlaces: readonly StreamPlace[] = choices.flatMap((choice) =>
  (['peer2peer', 'direct'] as const).map((protocol) => ({
    ...choice,
    protocol,
    isDaily: choice.daily === protocol,
  })),
);

const mib = 2 ** 20;
/** What the guest's disk holds, and more than its memory does. */
const diskMib = 180;

/** The destination's own counters show which of its cables the memory and the disks came by. */
export async function expectStreams(
  stage: ReturnType<typeof useLab>,
  { disks, memory, options, protocol }: StreamPlace,
): Promise<void> {
  const there = { from: 'hostA', to: 'hostB' };
  const destination = stage.lab.host(there.to);
  const guest = await stage.lab.guest('guest', { on: 'hostA', disk: '256M', fill: `${diskMib}M` });
  const before = await bytesReceived(destination);
  const asked = { copyStorage: 'all', ...options(destination) } as const;
  const migration = stage.migrate(guest, { ...there, input: { protocol }, options: asked });
  expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
  const after = await bytesReceived(destination);
  const cameMib = (network: HostNetwork) => (after[network] - before[network]) / mib;
  expect(cameMib(disks)).toBeGreaterThan(diskMib);
  if (memory === disks) {
    expect(cameMib(disks === 'main' ? 'migration' : 'main')).toBeLessThan(2);
  } else {
    expect(cameMib(memory)).toBeGreaterThan(20);
    expect(cameMib(memory)).toBeLessThan(diskMib);
  }
  await expectMoved(stage.lab, guest, there);
  await expectTicksContinuous(guest);
}
