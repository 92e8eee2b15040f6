import type { WatchRequest } from '../../ports/hypervisor.ts';
import type { StreamProgress } from '../../ports/observation.ts';
import type { BlockJob } from './block-job.ts';
import { memoryProgress } from './domain-work.ts';
import { agentStateOf } from './guest-agent-calls.ts';
import type { WatchLine } from './watch-line.ts';
import type { Host, Observation, World } from './world.ts';

/** How often byte progress is asked for. */
const progressIntervalMs = 250;

/** What a watch of a domain alone and one of a migration tell, each without the other's. */
const ofMigrations = new Set<Observation['kind']>([
  'migrationJob',
  'migrationStatus',
  'iteration',
  'mirrorCreated',
  'mirrorReady',
]);
const ofDomainAlone = new Set<Observation['kind']>([
  'blockJob',
  'deviceRemoved',
  'deviceRemovalFailed',
  'agent',
]);

export function isMinded(role: WatchRequest['role'], { kind }: Observation): boolean {
  return !(role === 'alone' ? ofMigrations : ofDomainAlone).has(kind);
}

export interface WatchSession {
  readonly world: World;
  readonly host: Host;
  readonly request: WatchRequest;
  readonly line: WatchLine;
  /** The watch goes on and so does the daemon's life. */
  readonly isAlive: () => boolean;
}

/** Tells each block job that stands as the watch begins, then the agent and how far jobs are. */
export async function followAlone(session: WatchSession): Promise<void> {
  const { host, line, request } = session;
  for (const job of host.domains.get(request.uuid)?.qemu?.blockJobs.values() ?? []) {
    const { targetDev, type } = job.work;
    const status = job.isReady ? 'ready' : 'running';
    line.tell({ kind: 'blockJob', targetDev, job: type, status });
  }
  await Promise.all([followAgent(session), followProgress(session)]);
}

async function followAgent({ world, host, request, line, isAlive }: WatchSession): Promise<void> {
  const read = (): ReturnType<typeof agentStateOf> => {
    const domain = host.domains.get(request.uuid);
    // Of one that ended with its QEMU libvirt tells nothing.
    return domain === undefined || domain.qemu === null ? 'none' : agentStateOf(domain);
  };
  let told: ReturnType<typeof agentStateOf> = 'none';
  for (;;) {
    await world.wait({ until: () => read() !== told, whileAlive: isAlive });
    told = read();
    if (told !== 'none') line.tell({ kind: 'agent', state: told });
  }
}

async function followProgress(session: WatchSession): Promise<void> {
  const { isAlive, world } = session;
  for (;;) {
    await world.wait({ until: () => streamsOf(session).length > 0, whileAlive: isAlive });
    tellProgress(session);
    await world.pass(progressIntervalMs, isAlive);
  }
}

export function tellProgress(session: WatchSession): void {
  const streams = streamsOf(session);
  if (streams.length > 0 && session.line.isHeard) session.request.progress(streams);
}

function streamsOf({ world, host, request }: WatchSession): StreamProgress[] {
  const domain = host.domains.get(request.uuid);
  const memory = domain && memoryProgress(domain, world.clock.nowEpochMs());
  const disks = [...(domain?.qemu?.blockJobs.values() ?? [])].map(toStream);
  return memory ? [...disks, memory] : disks;
}

function toStream(job: BlockJob): StreamProgress {
  return {
    stream: job.work.targetDev,
    processedBytes: job.processedBytes,
    totalBytes: job.totalBytes,
    remainingBytes: job.totalBytes - job.processedBytes,
    bytesPerS: job.bytesPerS,
  };
}
