import type { CallOptions, Connection, Domain } from 'node-libvirt';
import type { BlockJobView, DiskChain } from '../../ports/block-jobs.ts';
import { readAgentState } from './agent-xml.ts';
import { readBlockJob } from './block-jobs-calls.ts';
import { parseDiskChains } from './disk-chain-xml.ts';
import { lookUpByUuid, nullWithoutDomain } from './domain-reads.ts';
import { memoryReading } from './progress.ts';
import { readJobStats } from './watch-reads.ts';
import type { WatchSession } from './watch-session.ts';

/** No event tells how far a job is, nor that one was begun; whoever waits for long needs it less often. */
const pollMs = (watchedMs: number): number => Math.min(1_000, Math.max(250, watchedMs / 10));

interface Standing {
  readonly agent: ReturnType<typeof readAgentState>;
  readonly jobs: readonly { readonly disk: DiskChain; readonly job: BlockJobView }[];
}

/**
 * Tells the agent's state and each block job that stands when the watch begins, then how far block
 * jobs are, whoever began them.
 */
export async function followBlockJobs(
  session: WatchSession,
  connection: Connection,
): Promise<void> {
  const { ended, meter } = session;
  const sinceEpochMs = session.nowEpochMs();
  const readDefinition = onceEach((xml) => ({
    agent: readAgentState(xml),
    disks: parseDiskChains(xml),
  }));
  const ask = (options: CallOptions) =>
    readStanding(connection, session.request.uuid, readDefinition, options);
  tellStanding(session, await session.read(ask));
  let known: readonly string[] = [];
  while (!ended.aborted) {
    const standing = await session.read(ask);
    if (standing !== null) {
      const atEpochMs = session.nowEpochMs();
      for (const { disk, job } of standing.jobs) {
        const { processedBytes, totalBytes } = job;
        const remainingBytes = totalBytes - processedBytes;
        const stream = disk.targetDev;
        meter.note({ stream, processedBytes, totalBytes, remainingBytes }, atEpochMs);
      }
      const streams = standing.jobs.map(({ disk }) => disk.targetDev);
      // The next job on that disk begins from nothing.
      for (const gone of known.filter((each) => !streams.includes(each))) meter.forget(gone);
      known = streams;
      if (streams.length > 0) session.tellProgress();
    }
    await session.pause(pollMs(session.nowEpochMs() - sinceEpochMs));
  }
}

function tellStanding(session: WatchSession, standing: Standing | null): void {
  if (standing === null) return;
  const { agent, jobs } = standing;
  if (agent !== 'none') session.tell({ kind: 'agent', state: agent });
  for (const { disk, job } of jobs) {
    const status = disk.mirror?.ready === true ? 'ready' : 'running';
    session.tell({ kind: 'blockJob', targetDev: disk.targetDev, job: job.type, status });
  }
}

interface Definition {
  readonly agent: Standing['agent'];
  readonly disks: readonly DiskChain[];
}

/** To read XML is most of what a watch costs, and in a long copy it is the same each time. */
function onceEach<T>(read: (xml: string) => T): (xml: string) => T {
  let last: { readonly xml: string; readonly value: T } | null = null;
  return (xml) => {
    if (last?.xml !== xml) last = { xml, value: read(xml) };
    return last.value;
  };
}

async function readStanding(
  connection: Connection,
  uuid: string,
  readDefinition: (xml: string) => Definition,
  options: CallOptions,
): Promise<Standing | null> {
  const domain = await lookUpByUuid(connection, uuid, options);
  return domain && nullWithoutDomain(readJobsOf(domain, readDefinition, options));
}

/** One question at a time: each may have to wait for the domain's job lock, and others have questions, too. */
async function readJobsOf(
  domain: Domain,
  readDefinition: (xml: string) => Definition,
  options: CallOptions,
): Promise<Standing> {
  const { agent, disks } = readDefinition(await domain.getXMLDesc(options));
  const jobs: { readonly disk: DiskChain; readonly job: BlockJobView }[] = [];
  for (const disk of disks) {
    const job = await readBlockJob(domain, disk.targetDev, options);
    if (job !== null) jobs.push({ disk, job });
  }
  return { agent, jobs };
}

/** Tells how far a save, a restore or a snapshot is, whoever began it. */
export async function followDomainJob(
  session: WatchSession,
  connection: Connection,
): Promise<void> {
  const { ended, meter, request } = session;
  const sinceEpochMs = session.nowEpochMs();
  while (!ended.aborted) {
    const stats = await session.ask((options) => readJobStats(connection, request.uuid, options));
    const hasJob = stats !== null && stats.type !== 'none';
    const memory = hasJob ? memoryReading(stats.stats) : null;
    if (memory !== null) {
      meter.note(memory, session.nowEpochMs());
      session.tellProgress();
    }
    if (!hasJob) meter.forget('memory');
    await session.rest(pollMs(session.nowEpochMs() - sinceEpochMs));
  }
}
