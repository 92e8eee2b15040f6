import type {
  CopiesOnSource,
  DiskCopied,
  DiskCopy,
  DiskOnPeers,
} from '../../machines/policy/migration/offline-context.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Failure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { MigrationEnds, VolumeView } from '../ports/migration.ts';
import type { StreamProgress } from '../ports/observation.ts';

type CopyTools = Pick<Tools, 'signal' | 'clock' | 'report'>;

/**
 * Makes the empty volume that a disk is copied to.
 *
 * @throws FailureError `volumeExists`: it is somebody else's, then; `noVolume`, `noPool`,
 *   `noBackingImage` when the disk is a layer over an image that the destination lacks
 */
export async function makeVolume(
  hypervisors: Hypervisors,
  { source, destination, disk }: DiskOnPeers,
  { signal, clock }: CopyTools,
): Promise<{ atEpochMs: number }> {
  const { fileBytes } = await copyableVolume(hypervisors, { source, destination, disk }, signal);
  const there = await hypervisors.open(destination, signal);
  await there.createVolume(disk.to, fileBytes, signal);
  return { atEpochMs: clock.nowEpochMs() };
}

/** The volume of a disk, which libvirt can read and whose base stands on the destination. */
async function copyableVolume(
  hypervisors: Hypervisors,
  { source, destination, disk }: Omit<DiskOnPeers, 'domainUuid'>,
  signal: AbortSignal,
): Promise<VolumeView> {
  const volume = await volumeOn(hypervisors, source, disk.from, signal);
  const { backingPath } = volume;
  if (backingPath === null) return volume;
  const there = await hypervisors.open(destination, signal);
  if ((await there.findVolume(backingPath, signal)) !== null) return volume;
  const message = `disk ${disk.targetDev} is a layer over ${backingPath}, which ${destination} does not have: put that image there first`;
  throw new FailureError({ code: 'noBackingImage', message, effect: 'none' });
}

/** The first reason why one of these disks could not be copied; `null`: all could. */
export async function judgeCopy(
  hypervisors: Hypervisors,
  { disks, ...ends }: MigrationEnds & { readonly disks: readonly DiskCopy[] },
  signal: AbortSignal,
): Promise<Failure | null> {
  for (const disk of disks) {
    try {
      await copyableVolume(hypervisors, { ...ends, disk }, signal);
    } catch (error) {
      if (!(error instanceof FailureError) || !isVerdict(error.failure)) throw error;
      return error.failure;
    }
  }
  return null;
}

const isVerdict = ({ code }: Failure): boolean => code === 'noBackingImage' || code === 'noVolume';

/**
 * Copies the file of one disk through this process.
 *
 * @throws FailureError `diskChanged`: somebody wrote to it meanwhile
 */
export async function copyDisk(
  hypervisors: Hypervisors,
  { source, destination, disk }: DiskOnPeers,
  tools: CopyTools,
): Promise<DiskCopied> {
  const { clock, report, signal } = tools;
  const { changedAt, fileBytes } = await volumeOn(hypervisors, source, disk.from, signal);
  const here = await hypervisors.open(source, signal);
  const there = await hypervisors.open(destination, signal);
  const meter = new CopyMeter(disk.targetDev, fileBytes, tools);
  await there.writeVolume(
    disk.to,
    meter.count(here.readVolume(disk.from, signal)),
    fileBytes,
    signal,
  );
  report([meter.progress()]);
  const after = await volumeOn(hypervisors, source, disk.from, signal);
  if (after.changedAt !== changedAt || after.fileBytes !== fileBytes) throw changed(disk);
  return { atEpochMs: clock.nowEpochMs(), changedAt };
}

/**
 * Are the disks on the source still those that were copied? Nobody tells of a guest that was started
 * and shut down unseen, nor of a writer that is not libvirt.
 *
 * @throws FailureError `diskChanged`
 */
export async function compareCopies(
  hypervisors: Hypervisors,
  { host, copies }: CopiesOnSource,
  { signal }: Pick<Tools, 'signal'>,
): Promise<void> {
  for (const { disk, changedAt } of copies) {
    const now = await volumeOn(hypervisors, host, disk.from, signal);
    if (now.changedAt !== changedAt) throw changed(disk);
  }
}

function changed({ from, targetDev }: DiskCopy): FailureError {
  const message = `disk ${targetDev} (${from}) was changed on the source since its copy began: see that nothing writes to it, and move it again`;
  return new FailureError({ code: 'diskChanged', message, effect: 'none' });
}

async function volumeOn(
  hypervisors: Hypervisors,
  uri: string,
  path: string,
  signal: AbortSignal,
): Promise<VolumeView> {
  const volume = await (await hypervisors.open(uri, signal)).findVolume(path, signal);
  if (volume !== null) return volume;
  const message = `${path} is in no storage pool of ${uri}: libvirt can only read volumes of a pool`;
  throw new FailureError({ code: 'noVolume', message, effect: 'none' });
}

/** A copy is told about at most so often. */
const reportMs = 250;

class CopyMeter {
  readonly #stream: string;
  readonly #totalBytes: number;
  readonly #tools: CopyTools;
  readonly #sinceEpochMs: number;
  #processedBytes = 0;
  #reportedAtEpochMs = 0;

  constructor(stream: string, totalBytes: number, tools: CopyTools) {
    this.#stream = stream;
    this.#totalBytes = totalBytes;
    this.#tools = tools;
    this.#sinceEpochMs = tools.clock.nowEpochMs();
  }

  async *count(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of bytes) {
      yield chunk;
      this.#processedBytes += chunk.byteLength;
      const nowEpochMs = this.#tools.clock.nowEpochMs();
      if (nowEpochMs - this.#reportedAtEpochMs < reportMs) continue;
      this.#reportedAtEpochMs = nowEpochMs;
      this.#tools.report([this.progress()]);
    }
  }

  progress(): StreamProgress {
    const elapsedMs = this.#tools.clock.nowEpochMs() - this.#sinceEpochMs;
    return {
      stream: this.#stream,
      processedBytes: this.#processedBytes,
      totalBytes: this.#totalBytes,
      remainingBytes: this.#totalBytes - this.#processedBytes,
      bytesPerS: elapsedMs > 0 ? Math.round((this.#processedBytes * 1000) / elapsedMs) : null,
    };
  }
}
