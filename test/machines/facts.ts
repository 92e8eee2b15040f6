import type { DiskLayer } from '../../src/ports/block-jobs.ts';
import type { MigrationFacts } from '../../src/ports/migration.ts';
import type { DiskView, DomainView, HostView } from '../../src/ports/domain.ts';
import type { DestinationDisk, IncomingView } from '../../src/ports/migration.ts';
import { incoming, migrationFacts, newDisk } from '../../src/testing/alphabets/migration-facts.ts';
import { disk, guest } from '../../src/testing/alphabets/one-host.ts';
import { domain } from './hosts.ts';

export { newDisk };

export const guestView: DomainView = { ...guest, ...domain };

export const hostView = (name: string): HostView => ({
  uri: `qemu+tcp://${name}/system`,
  hostname: name,
  hostUuid: `uuid-of-${name}`,
  libvirtVersion: 9_000_000,
  hypervisorVersion: 7_002_022,
  freeMemoryBytes: 2 ** 33,
});

/** A world in which nothing speaks against the migration. */
export const goodFacts: MigrationFacts = {
  ...migrationFacts.runs,
  source: hostView('hostA'),
  destination: hostView('hostB'),
  domain: guestView,
};

export const factsWith = {
  domain: (change: Partial<DomainView>): MigrationFacts => ({
    ...goodFacts,
    domain: { ...guestView, ...change },
  }),
  disk: (change: Partial<DiskView>): MigrationFacts =>
    factsWith.domain({ disks: [{ ...disk, ...change }] }),
  destination: (change: Partial<HostView>): MigrationFacts => ({
    ...goodFacts,
    destination: { ...goodFacts.destination, ...change },
  }),
  incoming: (change: Partial<IncomingView>): MigrationFacts => ({
    ...goodFacts,
    incoming: { ...incoming, ...change },
  }),
  destinationDisk: (change: Partial<DestinationDisk>): MigrationFacts =>
    factsWith.incoming({ disks: [{ ...newDisk, ...change }] }),
} as const;

/** A layer that is a file. */
export const fileLayer = (path: string, format: string): DiskLayer => ({
  origin: { kind: 'file', path },
  path,
  source: 'file',
  format,
});
