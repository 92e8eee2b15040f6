import type {
  BlockJob2Event,
  Connection,
  Domain,
  JobCompletedEvent,
  LifecycleEvent,
  MigrationIterationEvent,
  QemuMonitorEvent,
  Subscription,
} from 'node-libvirt';
import { delay, type Clock } from '../../ports/clock.ts';
import type { WatchRequest } from '../../ports/hypervisor.ts';
import type { HostConnection } from './host-connection.ts';
import {
  qemuEvents,
  seenInBlockJob,
  seenInJobCompleted,
  seenInLifecycle,
  seenInQemuEvent,
  type Seen,
} from './observations.ts';
import { memoryReading } from './progress.ts';
import { listenAlone, subscribeAlone } from './watch-alone.ts';
import { followBlockJobs, followDomainJob } from './watch-jobs.ts';
import { followJob, followState } from './watch-reads.ts';
import { WatchSession } from './watch-session.ts';

const reconnectMs = 250;
/** What is seen meanwhile waits, so a daemon that is busy with the switchover is not waited for. */
const iterationAskMs = 1_000;

/**
 * Tells what happens to one domain on one host until the signal is aborted, over as many
 * connections as it takes: on each it subscribes first, then reads the present state.
 */
export async function watchDomain(
  host: HostConnection,
  clock: Clock,
  request: WatchRequest,
  signal: AbortSignal,
): Promise<void> {
  const minding: WatchRequest = {
    ...request,
    observe: (observation) => {
      if (!signal.aborted) request.observe(observation);
    },
  };
  const tell = (seen: Seen): void => minding.observe({ ...seen, atEpochMs: clock.nowEpochMs() });
  let link: 'new' | 'up' | 'lost' = request.resumed === true ? 'lost' : 'new';
  while (!signal.aborted) {
    const connection = await host.acquire(signal).catch(() => null);
    if (connection !== null) {
      // Whatever happened while nobody looked has to be told, so then even absence is news.
      const known = link === 'new' ? 'absence' : 'nothing';
      if (link === 'lost') tell({ kind: 'connectionRegained' });
      link = 'up';
      await watchOn(connection, { host, clock, request: minding, signal, known });
    }
    if (signal.aborted) return;
    if (link !== 'lost') tell({ kind: 'connectionLost' });
    link = 'lost';
    await delay(clock, reconnectMs, signal).catch(() => undefined);
  }
}

/** Until the signal is aborted or the connection is lost. */
async function watchOn(
  connection: Connection,
  watch: {
    readonly host: HostConnection;
    readonly clock: Clock;
    readonly request: WatchRequest;
    readonly signal: AbortSignal;
    readonly known: 'nothing' | 'absence';
  },
): Promise<void> {
  const { clock, host, known, request, signal } = watch;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  connection.once('close', end);
  if (connection.isClosed || signal.aborted) end();
  const session = new WatchSession(host, { request, clock, ended: ending.signal });
  const { promise: broken, reject: onBroken } = Promise.withResolvers<never>();
  const isAlone = request.role === 'alone';
  const stopListening = isAlone
    ? listenAlone(session, connection)
    : listen(session, connection, onBroken);
  const subscriptions = (isAlone ? subscribeAlone : subscribe)(session, connection);
  const follow = async (): Promise<void> => {
    await subscriptions;
    await Promise.all([
      followState(session, connection, known),
      request.role === 'source' ? followJob(session, connection) : null,
      isAlone ? followBlockJobs(session, connection) : null,
      isAlone ? followDomainJob(session, connection) : null,
    ]);
  };
  try {
    await Promise.race([follow(), broken]);
  } finally {
    end();
    stopListening();
    connection.off('close', end);
    signal.removeEventListener('abort', end);
    // Not awaited: a daemon that hangs must not keep a watch from ending.
    void subscriptions.then(
      (opened) => Promise.allSettled(opened.map((one) => one.unsubscribe())),
      // It is on its way to the caller already.
      () => null,
    );
  }
}

/**
 * Asks for all domains, since the destination's does not exist yet. What the daemon refuses (QEMU's
 * own events need more rights, an older daemon knows fewer kinds) the reads make up for.
 */
async function subscribe(session: WatchSession, connection: Connection): Promise<Subscription[]> {
  const opened = [
    await session.ask((options) => connection.subscribe('lifecycle', options)),
    await session.ask((options) => connection.subscribe('blockJob2', options)),
    await session.ask((options) => connection.subscribe('migrationIteration', options)),
    await session.ask((options) => connection.subscribe('jobCompleted', options)),
    await session.ask((options) =>
      connection.subscribe('qemuMonitorEvent', { ...options, qemuEvents }),
    ),
  ];
  return opened.filter((subscription) => subscription !== null);
}

/** A pass of the memory copy with what it found to be sent: QEMU counts it as the pass begins. */
function tellIteration(
  session: WatchSession,
  { domain, iteration }: MigrationIterationEvent,
): Promise<void> {
  const seen = { kind: 'iteration', iteration } as const;
  return session.tellOnceAsked({ ...seen, remainingBytes: null }, async () => {
    const job = await session.ask((options) => domain.getJobStats(options), iterationAskMs);
    const memory = job && memoryReading(job.stats);
    return { ...seen, remainingBytes: memory?.remainingBytes ?? null };
  });
}

/**
 * Hands the domain's events to the session as they arrive, and a bug in the way to `onBroken`; the
 * returned function stops that.
 */
function listen(
  session: WatchSession,
  connection: Connection,
  onBroken: (error: unknown) => void,
): () => void {
  const { meter, request } = session;
  let isSuspended = false;
  const note = ({ domain }: { readonly domain: Domain }, seen: Seen | null): void => {
    if (domain.uuid !== request.uuid) return;
    session.noteEvent();
    if (seen !== null) session.tell(seen);
  };
  const onLifecycle = (event: LifecycleEvent): void => {
    const seen = seenInLifecycle(event);
    if (event.domain.uuid === request.uuid && seen !== null)
      isSuspended = seen.kind === 'suspended';
    note(event, seen);
  };
  const onBlockJob = (event: BlockJob2Event): void => {
    const seen = seenInBlockJob(event);
    if (event.domain.uuid === request.uuid && seen?.kind === 'mirrorReady')
      meter.complete(event.disk);
    note(event, seen);
  };
  const onQemuEvent = (event: QemuMonitorEvent): void => note(event, seenInQemuEvent(event));
  const onIteration = (event: MigrationIterationEvent): void => {
    if (event.domain.uuid !== request.uuid) return;
    // QEMU's last pass begins when the guest stands still: whoever asked then would prolong that.
    const { iteration } = event;
    if (isSuspended) session.tell({ kind: 'iteration', iteration, remainingBytes: null });
    else tellIteration(session, event).catch(onBroken);
    note(event, null);
  };
  const onJobCompleted = (event: JobCompletedEvent): void => {
    const memory = memoryReading(event.stats);
    if (event.domain.uuid === request.uuid && memory !== null) {
      meter.note(memory, session.nowEpochMs());
      session.tellProgress();
    }
    note(event, seenInJobCompleted(event));
  };
  connection.on('lifecycle', onLifecycle);
  connection.on('blockJob2', onBlockJob);
  connection.on('qemuMonitorEvent', onQemuEvent);
  connection.on('migrationIteration', onIteration);
  connection.on('jobCompleted', onJobCompleted);
  return () => {
    connection.off('lifecycle', onLifecycle);
    connection.off('blockJob2', onBlockJob);
    connection.off('qemuMonitorEvent', onQemuEvent);
    connection.off('migrationIteration', onIteration);
    connection.off('jobCompleted', onJobCompleted);
  };
}
