import type { BlockJobs, DiskChain } from '../../ports/block-jobs.ts';
import { BlockJob, type BlockWork } from './block-job.ts';
import { commitWork, copyWork, pullWork, rebaseWork } from './block-work.ts';
import { chainFrom, diskOf } from './disk-chain.ts';
import { growFile } from './disk-size.ts';
import { layerViewOf } from './disk-source.ts';
import { untilNoJob } from './domain-job.ts';
import type { Place } from './domain-life.ts';
import type { HypervisorCall } from './faults.ts';
import { libvirtError } from './libvirt-error.ts';
import { handOver, writtenBy } from './lost-guest.ts';
import type { Qemu } from './qemu.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** QEMU brings the writes that are under way to their end. */
const endTakesMs = 8;
const mib = 2 ** 20;

/** {@link BlockJobs} of simulated QEMUs. */
export function blockJobsCalls(caller: SimulatedCaller): BlockJobs {
  const placeIn = (uuid: string): Place => {
    const { host, world } = caller;
    return { world, host, domain: caller.domain(uuid) };
  };
  return {
    findChains: (uuid, signal) =>
      caller.ask('findChains', signal, () =>
        caller.host.domains.has(uuid) ? chainsOf(placeIn(uuid)) : [],
      ),

    findAttachedPlace: (uuid, targetDev, signal) =>
      caller.ask('findAttachedPlace', signal, () => {
        const domain = caller.host.domains.get(uuid);
        if (domain?.qemu?.alive !== true) return null;
        diskOf(domain, targetDev);
        const disks = writtenBy(domain);
        return disks.find((disk) => disk.targetDev === targetDev)?.path ?? null;
      }),

    findBlockJob: (uuid, targetDev, signal) =>
      caller.ask('findBlockJob', signal, () => {
        const domain = caller.host.domains.get(uuid);
        if (domain === undefined) return null;
        diskOf(domain, targetDev);
        const job = domain.qemu?.blockJobs.get(targetDev);
        if (job === undefined) return null;
        const { processedBytes, totalBytes } = job;
        return { type: job.work.type, processedBytes, totalBytes };
      }),

    ...beginningCalls(caller, placeIn),

    endBlockJob: (uuid, targetDev, how, signal) =>
      caller.ask('endBlockJob', signal, () => {
        const domain = caller.host.domains.get(uuid);
        return domain === undefined ? 'noJob' : endJob(placeIn(uuid), targetDev, how);
      }),

    /** Daemons here never lose one. */
    dropForgottenCopy: (_, __, signal) => caller.ask('dropForgottenCopy', signal, () => 'none'),

    ...sizeAndSpeedCalls(caller, placeIn),
  };
}

/** What begins a job. */
function beginningCalls(
  caller: SimulatedCaller,
  placeIn: (uuid: string) => Place,
): Pick<BlockJobs, 'copyBlock' | 'copyBlockByRebase' | 'commitBlock' | 'pullBlock'> {
  const begin = (
    name: HypervisorCall,
    uuid: string,
    targetDev: string,
    signal: AbortSignal,
    makeWork: (place: Place) => BlockWork,
  ): Promise<void> =>
    caller.ask(name, signal, async () => {
      const place = placeIn(uuid);
      await untilNoJob(place.world, place.host, place.domain);
      const qemu = requireQemu(place);
      diskOf(place.domain, targetDev);
      if (hasBlockJob(qemu, targetDev)) throw alreadyActive(targetDev);
      const job = new BlockJob(place, qemu, makeWork(place));
      qemu.blockJobs.set(targetDev, job);
      void job.run();
    });
  return {
    copyBlock: (uuid, targetDev, destination, options, signal) =>
      begin('copyBlock', uuid, targetDev, signal, (place) =>
        copyWork(place, targetDev, destination, options),
      ),

    copyBlockByRebase: (uuid, targetDev, destination, options, signal) =>
      begin('copyBlockByRebase', uuid, targetDev, signal, (place) =>
        rebaseWork(place, targetDev, destination, options),
      ),

    commitBlock: (uuid, targetDev, options, signal) =>
      begin('commitBlock', uuid, targetDev, signal, (place) =>
        commitWork(place, targetDev, options),
      ),

    pullBlock: (uuid, targetDev, options, signal) =>
      begin('pullBlock', uuid, targetDev, signal, (place) => pullWork(place, targetDev, options)),
  };
}

/** Of a disk, and of the job on it. */
function sizeAndSpeedCalls(
  caller: SimulatedCaller,
  placeIn: (uuid: string) => Place,
): Pick<BlockJobs, 'resizeBlock' | 'setBlockJobSpeed'> {
  return {
    resizeBlock: (uuid, targetDev, sizeBytes, signal) =>
      caller.ask('resizeBlock', signal, () => {
        const place = placeIn(uuid);
        requireQemu(place);
        growFile(place, diskOf(place.domain, targetDev).path, sizeBytes);
      }),

    setBlockJobSpeed: (uuid, targetDev, mibPerS, signal) =>
      caller.ask('setBlockJobSpeed', signal, () => {
        const job = requireQemu(placeIn(uuid)).blockJobs.get(targetDev);
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
  const { disks } = domain.definition;
  try {
    await world.pass(endTakesMs, lifeOf(host));
  } catch (error) {
    if (!(error instanceof CarrierDied) || job.isOver) throw error;
    // QEMU has been asked by then, and needs no daemon for it.
    end(job, how);
    domain.handover = { is: 'unheard', before: disks };
    throw error;
  }
  if (domain.qemu?.alive !== true)
    throw libvirtError('operationFailed', 'domain is not running', 'unknown');
  if (job.isOver) return 'noJob';
  end(job, how);
  if (how === 'pivot') await handOver(place, { is: 'unheard', before: disks });
  if (job.work.mirror !== null) await handOver(place, { is: 'unreadable', before: disks });
  job.dismiss();
  return 'ended';
}

/** What QEMU does. */
function end(job: BlockJob, how: 'cancel' | 'pivot'): void {
  if (how === 'pivot') job.pivot();
  else job.cancel();
}

/** What does not run has no more of a chain than its definition names. */
function chainsOf(place: Place): DiskChain[] {
  const { definition, qemu } = place.domain;
  return definition.disks.map(({ format, path, targetDev }) => {
    const below = qemu === null ? [] : chainFrom(place, path).slice(1);
    return {
      targetDev,
      layers: [{ path, format }, ...below].map(layerViewOf),
      mirror: mirrorOf(qemu?.blockJobs.get(targetDev)),
    };
  });
}

function mirrorOf(job: BlockJob | undefined): DiskChain['mirror'] {
  if (job === undefined || job.work.mirror === null) return null;
  const { mirror, type } = job.work;
  const kind = type === 'copy' || type === 'activeCommit' ? type : 'unknown';
  const { format, origin, path } = layerViewOf(mirror);
  return { job: kind, path, origin, format, ready: job.isReady };
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
