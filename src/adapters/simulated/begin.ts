import { FailureError } from '../../ports/failure.ts';
import type { MigrateCall } from '../../ports/migration.ts';
import { readDiskPaths } from './domain-xml.ts';
import { withClaim } from './claims.ts';
import type { FaultScript } from './fault-script.ts';
import { requireAllowed } from './judge.ts';
import { libvirtError } from './libvirt-error.ts';
import type { StreamEnd } from './memory-stream.ts';
import type { LiveMigration, Migration, MigrationJob } from './migration-job.ts';
import { enterPhase, gapsMs, newJob } from './migration-job.ts';
import { endJob } from './postcopy.ts';
import type { Definition, Domain, Host, World } from './world.ts';
import { lifeOf } from './world.ts';

export interface Request {
  readonly world: World;
  readonly faults: FaultScript;
  readonly source: Host;
  readonly destination: Host;
  readonly call: MigrateCall;
}

/** The source daemon's part of one migration. */
export interface Outgoing<M extends Migration = Migration> {
  readonly migration: M;
  readonly job: MigrationJob;
  /** Of the source daemon. */
  readonly isAlive: () => boolean;
}

/** One whose guest goes with it. */
export type LiveOutgoing = Outgoing<LiveMigration> & { readonly end: StreamEnd };

/**
 * BEGIN3, or BEGIN_RESUME of a post-copy that broke: the source's job starts, or is taken up again.
 *
 * @throws FailureError as libvirt would answer; CarrierDied when the source daemon died
 */
export async function begin(request: Request): Promise<Outgoing> {
  const { outgoing, phase } = await beginJob(request);
  const { migration, job, isAlive } = outgoing;
  try {
    enterPhase(migration, job, phase);
    await migration.world.pass(gapsMs.begins, isAlive);
  } catch (error) {
    if (isAlive())
      endJob({ ...migration, host: migration.source, domain: migration.outgoing }, job);
    throw error;
  }
  return outgoing;
}

/** The job before its first phase; peer-to-peer connects to the destination in between. */
export async function beginJob(
  request: Request,
): Promise<{ readonly outgoing: Outgoing; readonly phase: 'begin3' | 'beginResume' }> {
  const { world, source, call } = request;
  const isAlive = lifeOf(source);
  await world.pass(gapsMs.jobStarts, isAlive);
  const resumes = call.purpose === 'resumePostcopy';
  const held = source.domains.get(call.domainUuid)?.job ?? null;
  if (held !== null && !resumes)
    throw libvirtError('operationInvalid', 'another migration job is already running');
  const domain = requireAllowed(source, call);
  const job =
    resumes && held !== null
      ? held
      : newJob('out', {
          guestRan: domain.qemu?.vcpus === 'running',
          postcopy: call.options.postcopy,
        });
  job.attended = true;
  domain.job = job;
  if (domain.qemu !== null && !resumes) {
    domain.qemu.stream = null;
    domain.qemu.mirror = null;
  }
  world.changed();
  const outgoing = { migration: plan(request, domain), job, isAlive };
  return { outgoing, phase: resumes ? 'beginResume' : 'begin3' };
}

/** @throws FailureError when its QEMU is gone by now */
export function withGuest({ migration, job, isAlive }: Outgoing): LiveOutgoing {
  const { world, source: host, outgoing: domain } = migration;
  if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  const end = { world, host, domain, qemu: domain.qemu };
  return { migration: { ...migration, outgoingQemu: domain.qemu }, job, isAlive, end };
}

function plan(request: Request, domain: Domain): Migration {
  const { call } = request;
  const { options, persistent } = call;
  // libvirt moves a shut-off domain's definition only where it is kept.
  const isKept = call.purpose === 'moveOffline' || options.persistence === 'asBefore';
  return {
    ...request,
    outgoing: domain,
    incoming: {
      name: options.destinationName ?? domain.name,
      definition: movedTo(domain.definition, call),
      persistent: (persistent || call.purpose === 'moveOffline') && isKept,
    },
  };
}

/**
 * The definition with the disk paths that the destination's XML names. libvirt takes that XML as it
 * stands, so what stands on the source as metadata comes along only where it was written into it.
 */
function movedTo(definition: Definition, { claim, options }: MigrateCall): Definition {
  const { destinationXml } = options;
  if (destinationXml === null) return definition;
  const paths = readDiskPaths(destinationXml);
  const disks = definition.disks.map((disk) => {
    return { ...disk, path: paths.get(disk.targetDev) ?? disk.path };
  });
  return { ...definition, disks, claims: claim === undefined ? [] : withClaim([], claim) };
}

/** What the client's side refuses before anything is sent. */
export function invalidArgument(message: string): FailureError {
  return new FailureError({ code: 'invalidArgument', message, effect: 'none' });
}
