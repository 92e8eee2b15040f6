import type { CallOptions, Connection, Domain, DomainJobStats } from 'node-libvirt';
import type { DomainState } from '../../ports/domain.ts';
import { camelCase, domainStateName, isActiveState, jobOperationName } from './domain-names.ts';
import { lookUpByUuid, nullWithoutDomain, readJob } from './domain-reads.ts';
import { parseDomainDefinition } from './domain-xml.ts';
import { memoryReading } from './progress.ts';
import type { WatchSession } from './watch-session.ts';

/**
 * How often to read what no event tells. BEGIN3 lasts about 15 ms and PREPARE begins about 20 ms
 * after the call, so a migration that is expected is looked for every few milliseconds; the longer
 * it does not come, the rarer: a pause is 2 % of the time waited so far.
 */
const expectingMsMin = 4;
const steadyMs = 250;

function expectingMs(waitedMs: number): number {
  return Math.min(steadyMs, Math.max(expectingMsMin, waitedMs / 50));
}

interface Presence {
  /** `null`: the host knows no such domain, which reads as shut off. */
  readonly domain: Domain | null;
  readonly state: DomainState;
  readonly reason: string;
}

const absent: Presence = { domain: null, state: 'shutoff', reason: 'unknown' };

/**
 * Tells the domain's state on the host whenever a read shows another one; on the destination also
 * the incoming job, which no event tells either. `known` is what needs no telling at the start.
 */
export async function followState(
  session: WatchSession,
  connection: Connection,
  known: 'nothing' | 'absence',
): Promise<void> {
  const { ended, request } = session;
  const sinceEpochMs = session.nowEpochMs();
  let told: Presence | null = known === 'absence' ? absent : null;
  let hasIncomingJob = false;
  while (!ended.aborted) {
    const present = await session.read((options) =>
      readPresence(connection, request.uuid, options),
    );
    if (present !== null && !isSame(present, told)) {
      session.tell({ kind: 'state', state: present.state, reason: present.reason });
      told = present;
      if (request.role === 'destination' && !hasIncomingJob) {
        hasIncomingJob = await tellIncomingJob(session, present);
      }
    }
    const isExpecting = request.role === 'destination' && !isActiveState(told?.state ?? 'shutoff');
    const waitedMs = session.nowEpochMs() - sinceEpochMs;
    await session.pause(isExpecting ? expectingMs(waitedMs) : steadyMs);
  }
}

function isSame(present: Presence, told: Presence | null): boolean {
  return told !== null && present.state === told.state && present.reason === told.reason;
}

async function readPresence(
  connection: Connection,
  uuid: string,
  options: CallOptions,
): Promise<Presence> {
  const domain = await lookUpByUuid(connection, uuid, options);
  const info = domain && (await nullWithoutDomain(domain.getState(options)));
  if (info === null) return absent;
  return { domain, state: domainStateName(info.state), reason: camelCase(info.reason) };
}

async function tellIncomingJob(
  session: WatchSession,
  { domain, state }: Presence,
): Promise<boolean> {
  if (domain === null || state !== 'paused') return false;
  const job = await session.read((options) => readJob(domain, options));
  if (job?.operation !== 'migrationIn') return false;
  session.tell({ kind: 'migrationJob', direction: 'in' });
  return true;
}

/**
 * Tells the source's migration job when it begins, then its progress for as long as it lasts. Events
 * hasten the first, not the second: each such read is a question to QEMU under the domain's job lock,
 * for which the daemon itself would have to wait in the middle of the switchover.
 */
export async function followJob(session: WatchSession, connection: Connection): Promise<void> {
  const { ended, request } = session;
  const sinceEpochMs = session.nowEpochMs();
  let hasJob = false;
  while (!ended.aborted) {
    const ask = (options: CallOptions): Promise<DomainJobStats | null> =>
      readJobStats(connection, request.uuid, options);
    const stats: DomainJobStats | null = await (hasJob ? session.ask(ask) : session.read(ask));
    if (stats !== null) {
      const isOutgoing: boolean =
        stats.type !== 'none' && jobOperationName(stats.stats['operation']) === 'migrationOut';
      if (isOutgoing && !hasJob) session.tell({ kind: 'migrationJob', direction: 'out' });
      hasJob = isOutgoing;
      if (isOutgoing) await tellProgress(session, connection, stats);
    }
    if (hasJob) await session.rest(steadyMs);
    else await session.pause(expectingMs(session.nowEpochMs() - sinceEpochMs));
  }
}

/** `null`: no such domain. */
export async function readJobStats(
  connection: Connection,
  uuid: string,
  options: CallOptions,
): Promise<DomainJobStats | null> {
  const domain = await lookUpByUuid(connection, uuid, options);
  return domain && nullWithoutDomain(domain.getJobStats(options));
}

async function tellProgress(
  session: WatchSession,
  connection: Connection,
  { stats }: DomainJobStats,
): Promise<void> {
  const memory = memoryReading(stats);
  if (memory !== null) session.meter.note(memory, session.nowEpochMs());
  if (Number(stats['disk_total'] ?? 0) > 0) await noteDisks(session, connection);
  session.tellProgress();
}

/** The mirrors of a storage copy; libvirt's own sum over them does not tell the disks apart. */
async function noteDisks(session: WatchSession, connection: Connection): Promise<void> {
  const { meter, request } = session;
  const jobs = await session.read(async (options) => {
    const domain = await connection.domainLookupByUUID(request.uuid, options);
    const { disks } = parseDomainDefinition(await domain.getXMLDesc(options));
    const targets = disks.map((disk) => disk.targetDev);
    return Promise.all(
      targets.map(async (disk) => ({ disk, job: await domain.getBlockJobInfo(disk, options) })),
    );
  });
  for (const { disk, job } of jobs ?? []) {
    if (job?.type !== 'copy') continue;
    const processedBytes = Number(job.cursor);
    const totalBytes = Number(job.end);
    const remainingBytes = totalBytes - processedBytes;
    meter.note({ stream: disk, processedBytes, totalBytes, remainingBytes }, session.nowEpochMs());
  }
}
