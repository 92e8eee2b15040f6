import { killDaemon, startDaemon } from './daemon.ts';
import { guestFateOf } from './guest-fate.ts';
import { killHost, startHost } from './host-power.ts';
import type { Migration } from './migration-job.ts';
import type { Host, World } from './world.ts';

/** Where a fault strikes: the hosts of a migration, or any two where nothing moves, and the guest. */
export type Peers = Pick<Migration, 'source' | 'destination'> & { readonly domainUuid: string };

/** What can happen to the world around a workflow. A workflow on one host has it as its source. */
export const incidents = {
  cutLink: (world) => world.link.cut('all'),
  /** Takes every cut back, ours and the streams' too. */
  restoreLink: (world) => world.link.restore(),
  /** What the destination answers gets lost from now on. */
  cutReplies: (world, { destination }) => world.link.cut({ from: destination.name }),
  /** We and that host do not hear each other any more; both notice it by keepalive. */
  cutClientFromSource: (world, { source }) => world.link.cutFromClient(source.name),
  cutClientFromDestination: (world, { destination }) => world.link.cutFromClient(destination.name),
  /** The connection of a migration that we drive ends at once, at both its ends. */
  resetClientToSource: (world, { source }) => world.link.resetClient(source.name),
  resetClientToDestination: (world, { destination }) => world.link.resetClient(destination.name),
  /** As when our process dies. */
  resetClient: (world, peers) => {
    world.link.resetClient(peers.source.name);
    world.link.resetClient(peers.destination.name);
  },
  /** TCP resets on memory and copied disks; a new stream can be opened at once. */
  breakStream: (world) => world.link.breakStreams('once'),
  /** The same, and no new stream until the link is restored. */
  refuseStreams: (world) => world.link.breakStreams('untilRestored'),
  /** All TCP ports of the destination's range are taken. */
  exhaustPorts: (_, { destination }) => {
    destination.migrationPorts = 0;
  },
  killSourceDaemon: (world, { source }) => killDaemon(world, source),
  killDestinationDaemon: (world, { destination }) => killDaemon(world, destination),
  startDaemons: (world) => {
    for (const host of world.hosts.values()) startDaemon(world, host);
  },
  /** No power: its daemon and every guest on it are gone, and nothing is heard of it. */
  killSourceHost: (world, { source }) => killHost(world, source),
  killDestinationHost: (world, { destination }) => killHost(world, destination),
  /** Power again, and its daemon starts. */
  startHosts: (world) => {
    for (const host of world.hosts.values()) startHost(world, host);
  },
  /** From inside: the guest turns itself off. */
  powerOffGuest: (world, { domainUuid }) => guestFateOf(world).powerOff(domainUuid),
  /** Its QEMU dies. */
  crashGuest: (world, { domainUuid }) => guestFateOf(world).killQemu(domainUuid),
  /** Somebody else takes all that is free on every file system of the host. */
  fillSourceDisks: (world, { source }) => setFull(world, source, true),
  fillDestinationDisks: (world, { destination }) => setFull(world, destination, true),
  /** And gives it back, everywhere. */
  freeDisks: (world) => {
    for (const host of world.hosts.values()) setFull(world, host, false);
  },
} as const satisfies Record<string, (world: World, peers: Peers) => void>;

export type Incident = keyof typeof incidents;

function setFull(world: World, host: Host, isFull: boolean): void {
  host.disksAreFull = isFull;
  world.changed();
}
