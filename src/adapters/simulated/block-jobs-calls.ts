import type { BlockJobs, DiskChain } from '../../ports/block-jobs.ts';
import { BlockJob, type BlockWork } from './block-job.ts';
import { commitWork, copyWork, pullWork } from './block-work.ts';
import { chainFrom, diskOf } from './disk-chain.ts';
import { untilNoJob } from './domain-job.ts';
import type { Place } from './domain-life.ts';
import type { HypervisorCall } from './faults.ts';
import { libvirtError } from './libvirt-error.ts';
import { believedOf, handOver } from './lost-guest.ts';
import type { Qemu } from './qemu.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { lifeOf } from './world.ts';

/** QEMU brings the writes that are under way to their end. */
const endTakesMs = 8;
const mib = 2 ** 20;

/** {@link BlockJobs} of simulated QEMUs. */
export function blockJobsCalls(caller: SimulatedCaller): BlockJobs {
  const placeOf = (uuid: string): Place => {
    const { host, world } = caller;
    return { world, host, domain: caller.domain(uuid) };
  };
  const begin = (
    name: HypervisorCall,
    uuid: string,
    targetDev: string,
    signal: AbortSignal,
    makeWork: (place: Place) => BlockWork,
  ): Promise<void> =>
    caller.ask(name, signal, async () => {
      const place = placeOf(uuid);
      await untilNoJob(place.world, place.host, place.domain);
      const qemu = requireQemu(place);
      diskOf(place.domain, targetDev);
      if (hasBlockJob(qemu, targetDev)) throw alreadyActive(targetDev);
      const job = new BlockJob(place, qemu, makeWork(place));
      qemu.blockJobs.set(targetDev, job);
      void job.run();
    });
  return {
    findChains: (uuid, signal) =>
      caller.ask('findChains', signal, () =>
        caller.host.domains.has(uuid) ? chainsOf(placeOf(uuid)) : [],
      ),

    findBlockJob: (uuid, targetDev, signal) =>
      caller.ask('findBlockJob', signal, () => {
        const domain = caller.host.domains.get(uuid);
        if (domain === undefined) return null;
        diskOf(domain, targetDev);
        const job = domain.qemu?.blockJobs.get(targetDev);
        if (job === undefined) return null;
        const { totalBytes, type } = job.work;
        return { type, processedBytes: job.processedBytes, totalBytes };
      }),

    copyBlock: (uuid, targetDev, destination, options, signal) =>
      begin('copyBlock', uuid, targetDev, signal, (place) =>
        copyWork(place, targetDev, destination, options),
      ),

    commitBlock: (uuid, targetDev, options, signal) =>
      begin('commitBlock', uuid, targetDev, signal, (place) =>
        commitWork(place, targetDev, options),
      ),

    pullBlock: (uuid, targetDev, options, signal) =>
      begin('pullBlock', uuid, targetDev, signal, (place) => pullWork(place, targetDev, options)),

    endBlockJob: (uuid, targetDev, how, signal) =>
      caller.ask('endBlockJob', signal, () => {
        const domain = caller.host.domains.get(uuid);
        return domain === undefined ? 'noJob' : endJob(placeOf(uuid), targetDev, how);
      }),

    /** Daemons here never lose one. */
    dropForgottenCopy: (_, __, signal) => caller.ask('dropForgottenCopy', signal, () => 'none'),

    setBlockJobSpeed: (uuid, targetDev, mibPerS, signal) =>
      caller.ask('setBlockJobSpeed', signal, () => {
        const job = requireQemu(placeOf(uuid)).blockJobs.get(targetDev);
        if (job === undefined)
          throw libvirtError('invalidArg', `disk ${targetDev} does not have an active block job`);
        job.limitBytesPerS = mibPerS * mib;
      }),
  };
}

async function endJob(
  place: Place,
  targetDev: string,
  how: 'cancel' | 'pivot',
): Promise<'ended' | 'noJob'> {
  const { world, host, domain } = place;
  diskOf(domain, targetDev);
  const job = domain.qemu?.blockJobs.get(targetDev);
  if (job === undefined) return 'noJob';
  if (how === 'pivot' && !job.isReady) throw notReady(targetDev);
  await world.pass(endTakesMs, lifeOf(host));
  if (job.isOver) return 'noJob';
  const { disks } = domain.definition;
  if (how === 'pivot') job.pivot();
  else job.cancel();
  if (how === 'pivot') await handOver(place, { is: 'unheard', before: disks });
  if (job.work.mirror !== null) await handOver(place, { is: 'unreadable', before: disks });
  job.dismiss();
  return 'ended';
}

/** What does not run has no more of a chain than its definition names. */
function chainsOf(place: Place): DiskChain[] {
  const { qemu } = place.domain;
  return believedOf(place.domain).map(({ format, path, targetDev }) => {
    const below = qemu === null ? [] : chainFrom(place, path).slice(1);
    const layers = [{ path, format }, ...below];
    return {
      targetDev,
      layers: layers.map((layer) => ({
        source: 'file',
        path: layer.path,
        format: layer.format,
      })),
      mirror: mirrorOf(qemu?.blockJobs.get(targetDev)),
    };
  });
}

function mirrorOf(job: BlockJob | undefined): DiskChain['mirror'] {
  if (job === undefined || job.work.mirror === null) return null;
  const { mirror, type } = job.work;
  const kind = type === 'copy' || type === 'activeCommit' ? type : 'unknown';
  return { job: kind, path: mirror.path, format: mirror.format, ready: job.isReady };
}

function hasBlockJob({ blockJobs, mirror }: Qemu, targetDev: string): boolean {
  return blockJobs.has(targetDev) || mirror?.holds(targetDev) === true;
}

function requireQemu({ domain: { qemu } }: Place): Qemu {
  if (qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  return qemu;
}

function alreadyActive(targetDev: string) {
  const message = `block copy still active: disk '${targetDev}' already in active block job`;
  return libvirtError('blockCopyActive', message);
}

function notReady(targetDev: string) {
  const message = `block copy still active: block job on '${targetDev}' not ready for pivot yet`;
  return libvirtError('notReady', message);
}
