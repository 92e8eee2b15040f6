import type {
  AgentLifecycleEvent,
  BlockJob2Event,
  Connection,
  DeviceRemovalFailedEvent,
  DeviceRemovedEvent,
  Domain,
  JobCompletedEvent,
  LifecycleEvent,
  Subscription,
} from 'node-libvirt';
import { seenInAgentLifecycle, seenInAnyBlockJob, seenInLifecycle } from './observations.ts';
import type { Seen } from './observations.ts';
import { memoryReading } from './progress.ts';
import type { WatchSession } from './watch-session.ts';

/** What an older daemon does not know is left out. */
export async function subscribeAlone(
  session: WatchSession,
  connection: Connection,
): Promise<Subscription[]> {
  const opened = [
    await session.ask((options) => connection.subscribe('lifecycle', options)),
    await session.ask((options) => connection.subscribe('blockJob2', options)),
    await session.ask((options) => connection.subscribe('deviceRemoved', options)),
    await session.ask((options) => connection.subscribe('deviceRemovalFailed', options)),
    await session.ask((options) => connection.subscribe('agentLifecycle', options)),
    await session.ask((options) => connection.subscribe('jobCompleted', options)),
  ];
  return opened.filter((subscription) => subscription !== null);
}

/**
 * Hands the events of a domain that stays on its host to the session as they arrive; the returned
 * function stops that.
 */
export function listenAlone(session: WatchSession, connection: Connection): () => void {
  const { meter, request } = session;
  const note = ({ domain }: { readonly domain: Domain }, see: () => Seen | null): void => {
    if (domain.uuid !== request.uuid) return;
    const seen = see();
    session.noteEvent();
    if (seen !== null) session.tell(seen);
  };
  const onLifecycle = (event: LifecycleEvent): void => note(event, () => seenInLifecycle(event));
  const onAgent = (event: AgentLifecycleEvent): void =>
    note(event, () => seenInAgentLifecycle(event));
  const onRemoved = (event: DeviceRemovedEvent): void =>
    note(event, () => ({ kind: 'deviceRemoved', alias: event.deviceAlias }));
  const onRemovalFailed = (event: DeviceRemovalFailedEvent): void =>
    note(event, () => ({ kind: 'deviceRemovalFailed', alias: event.deviceAlias }));
  const onBlockJob = (event: BlockJob2Event): void =>
    note(event, () => {
      if (event.status === 'ready' || event.status === 'completed') meter.complete(event.disk);
      session.tellProgress();
      return seenInAnyBlockJob(event);
    });
  const onJobCompleted = (event: JobCompletedEvent): void =>
    note(event, () => {
      const memory = memoryReading(event.stats);
      if (memory !== null) meter.note(memory, session.nowEpochMs());
      session.tellProgress();
      return { kind: 'jobCompleted' };
    });
  connection.on('lifecycle', onLifecycle);
  connection.on('agentLifecycle', onAgent);
  connection.on('deviceRemoved', onRemoved);
  connection.on('deviceRemovalFailed', onRemovalFailed);
  connection.on('blockJob2', onBlockJob);
  connection.on('jobCompleted', onJobCompleted);
  return () => {
    connection.off('lifecycle', onLifecycle);
    connection.off('agentLifecycle', onAgent);
    connection.off('deviceRemoved', onRemoved);
    connection.off('deviceRemovalFailed', onRemovalFailed);
    connection.off('blockJob2', onBlockJob);
    connection.off('jobCompleted', onJobCompleted);
  };
}
