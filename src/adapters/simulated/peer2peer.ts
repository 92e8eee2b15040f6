import type { MigrationPurpose } from '../../ports/migration.ts';
import type { Outgoing, Request } from './begin.ts';
import { beginJob, withGuest } from './begin.ts';
import { DaemonConnection, PeerLost } from './daemon-connection.ts';
import type { Incoming } from './incoming.ts';
import { finish, liveEnd, prepare } from './incoming.ts';
import { libvirtError } from './libvirt-error.ts';
import { enterPhase, gapsMs } from './migration-job.ts';
import type { Migration } from './migration-job.ts';
import { confirm, perform, performResume } from './outgoing.ts';
import { endJob } from './postcopy.ts';

/**
 * virDomainMigrateToURI3 with PEER2PEER, as the source daemon runs it: all phases, over a connection
 * of its own to the destination's daemon.
 *
 * @throws FailureError as libvirt would answer; CarrierDied when the source daemon died
 */
export async function migratePeer2Peer(request: Request): Promise<void> {
  const { outgoing, phase } = await beginJob(request);
  const { migration, job, isAlive } = outgoing;
  const { world, source: host, outgoing: domain } = migration;
  try {
    await connect(migration, isAlive);
    const connection = new DaemonConnection(migration);
    try {
      enterPhase(migration, job, phase);
      await world.pass(gapsMs.begins, isAlive);
      const incoming = await connection.call(() => prepare(migration, connection.destination));
      await driveAndConfirm({ outgoing, connection, incoming });
    } finally {
      connection.close();
    }
  } finally {
    if (isAlive()) endJob({ world, host, domain }, job);
  }
}

/** Which definition is the last: a shut-off domain's source keeps its own. */
export function definitionAfter({ call }: Migration): 'keep' | 'undefine' {
  const { purpose, persistent, options } = call;
  return purpose !== 'moveOffline' && persistent && !options.keepSource ? 'undefine' : 'keep';
}

async function connect(
  { world, source, destination }: Migration,
  whileAlive: () => boolean,
): Promise<void> {
  const until = (): boolean => world.link.carries(source.name, destination.name);
  const atMostMs = gapsMs.connectGivesUp;
  const met = await world.wait({ until, atMostMs, whileAlive });
  if (met === 'elapsed' || !destination.daemon.up) {
    const why = met === 'elapsed' ? 'Connection timed out' : 'Connection refused';
    throw libvirtError(
      'systemError',
      `unable to connect to server at '${destination.name}': ${why}`,
    );
  }
  await world.pass(gapsMs.connects, whileAlive);
}

interface Course {
  readonly outgoing: Outgoing;
  readonly connection: DaemonConnection;
  readonly incoming: Incoming;
}

/** What Confirm finds to be over counts, whatever Perform or Finish said. */
async function driveAndConfirm(course: Course): Promise<void> {
  const { outgoing } = course;
  const definition = definitionAfter(outgoing.migration);
  try {
    await performOrCancel(course);
    await course.connection.call(() => finish(outgoing.migration, course.incoming, 'succeeded'));
  } catch (error) {
    if (!outgoing.isAlive()) throw error;
    if ((await confirm(outgoing, 'cancelled', { definition })) === 'takenBack') throw error;
    return;
  }
  await confirm(outgoing, 'succeeded', { definition });
}

/** Perform, and where it fails the end of what the destination had prepared. */
async function performOrCancel(course: Course): Promise<void> {
  const { outgoing, connection, incoming } = course;
  const { migration, isAlive } = outgoing;
  try {
    await performAs(migration.call.purpose, course);
  } catch (error) {
    if (!isAlive()) throw error;
    await connection
      .call(() => finish(migration, incoming, 'cancelled'))
      .catch((lost: unknown) => {
        if (!(lost instanceof PeerLost)) throw lost;
      });
    throw error;
  }
}

async function performAs(purpose: MigrationPurpose, course: Course): Promise<void> {
  const { outgoing, connection, incoming } = course;
  if (purpose === 'moveOffline') return;
  if (purpose === 'resumePostcopy') {
    await performResume(withGuest(outgoing));
    return;
  }
  const isOpen = (): boolean => connection.source.open && connection.destination.open;
  const { tunnelled } = outgoing.migration.call.options;
  await perform(withGuest(outgoing), {
    incoming: liveEnd(incoming),
    problem: () => (connection.source.open ? null : new PeerLost()),
    isTunnelWhole: tunnelled ? () => outgoing.isAlive() && isOpen() : null,
  });
}
