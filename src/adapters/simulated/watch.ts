import type { DomainReason, DomainState } from '../../ports/domain.ts';
import type { WatchRequest } from '../../ports/hypervisor.ts';
import type { StreamProgress } from '../../ports/observation.ts';
import type { WatchSession } from './watch-alone.ts';
import { followAlone, isMinded, tellProgress } from './watch-alone.ts';
import { WatchLine } from './watch-line.ts';
import type { Host, Observation, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** What a read of the daemon takes. */
const readMs = 1;
/** How often byte progress is asked for. */
const progressIntervalMs = 500;

/** Tells what the daemon shows of a domain until the signal is aborted. */
export async function watchDomain(
  world: World,
  host: Host,
  request: WatchRequest,
  signal: AbortSignal,
): Promise<void> {
  const isWanted = (): boolean => !signal.aborted;
  const tell = (observation: Observation): void => {
    if (isWanted()) request.observe({ ...observation, atEpochMs: world.clock.nowEpochMs() });
  };
  const wake = (): void => world.changed();
  signal.addEventListener('abort', wake, { once: true });
  try {
    let known: Presence | null = request.resumed === true ? null : absent;
    if (known === null) tell({ kind: 'connectionRegained' });
    for (;;) {
      const line = new WatchLine(world, host, tell);
      const lives = lifeOf(host);
      const isAlive = (): boolean => isWanted() && lives() && !line.isLost;
      void line.run(isAlive);
      await follow({ world, host, request, line, isAlive }, known);
      tell({ kind: 'connectionLost' });
      const until = (): boolean => host.daemon.up && line.isHeard;
      await world.wait({ until, whileAlive: isWanted });
      tell({ kind: 'connectionRegained' });
      known = null;
    }
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

/** Until the daemon dies or the watch ends. */
async function follow(session: WatchSession, known: Presence | null): Promise<void> {
  const { world, host, request, line } = session;
  const unsubscribe = world.observe(host, request.uuid, (observation) => {
    if (!isMinded(request.role, observation)) return;
    if (observation.kind === 'blockJob') tellProgress(session);
    line.tell(observation);
  });
  try {
    const jobs = { source: followJob, alone: followAlone, destination: null }[request.role];
    await Promise.all([followState(session, known), jobs?.(session)]);
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  } finally {
    unsubscribe();
  }
}

interface Presence {
  readonly state: DomainState;
  readonly reason: DomainReason;
}

/** A host that knows no such domain; reads as shut off. */
const absent: Presence = { state: 'shutoff', reason: 'unknown' };

/** Tells each state that a read shows and that was not told before; at first only a presence. */
async function followState(session: WatchSession, known: Presence | null): Promise<void> {
  const { world, host, request, line, isAlive } = session;
  const { tell } = line;
  const read = (): Presence => host.domains.get(request.uuid) ?? absent;
  let told = known;
  for (;;) {
    await world.wait({ until: () => !isSame(read(), told), whileAlive: isAlive });
    await world.pass(readMs, isAlive);
    const { state, reason } = read();
    if (isSame({ state, reason }, told)) continue;
    tell({ kind: 'state', state, reason });
    told = { state, reason };
    const job = host.domains.get(request.uuid)?.job;
    if (request.role === 'destination' && state === 'paused' && job?.direction === 'in')
      tell({ kind: 'migrationJob', direction: 'in' });
  }
}

function isSame(present: Presence, told: Presence | null): boolean {
  return told !== null && present.state === told.state && present.reason === told.reason;
}

/** Tells the outgoing migration when it begins, then its bytes for as long as it lasts. */
async function followJob(session: WatchSession): Promise<void> {
  const { world, host, request, line, isAlive } = session;
  const hasJob = (): boolean => host.domains.get(request.uuid)?.job?.direction === 'out';
  for (;;) {
    await world.wait({ until: hasJob, whileAlive: isAlive });
    line.tell({ kind: 'migrationJob', direction: 'out' });
    while (hasJob()) {
      const streams = streamsOf(host, request.uuid);
      if (streams.length > 0 && line.isHeard) request.progress(streams);
      await world.wait({
        until: () => !hasJob(),
        atMostMs: progressIntervalMs,
        whileAlive: isAlive,
      });
    }
  }
}

function streamsOf(host: Host, uuid: string): StreamProgress[] {
  const qemu = host.domains.get(uuid)?.qemu;
  const disks = qemu?.mirror?.progress ?? [];
  const memory = qemu?.stream?.progress;
  return memory === undefined ? disks : [...disks, memory];
}
