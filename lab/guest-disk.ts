import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { pathKind } from './path-kind.ts';
import { cacheDirectory } from './paths.ts';

const units = new Map([
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
]);

/**
 * Reads a size such as `64M`.
 * @throws {LabError} when it is none, or not between 8 MiB and 64 GiB.
 */
export function parseSizeBytes(text: string): number {
  const match = /^(\d{1,9})([KMG])$/.exec(text);
  const sizeBytes = Number(match?.[1]) * (units.get(match?.[2] ?? '') ?? Number.NaN);
  if (!(sizeBytes >= 8 * 2 ** 20 && sizeBytes <= 64 * 2 ** 30)) {
    throw new LabError(`'${text}' is no disk size: write for example 64M (8M to 64G)`);
  }
  return sizeBytes;
}

/** Makes an empty qcow2 disk. */
export async function createBlankDisk(file: string, sizeBytes: number): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(sizeBytes)]);
}

/**
 * Makes a qcow2 disk with an ext4 file system, as a copy of one in the cache. `fillBytes` of it
 * hold random data, so that a storage copy has something to carry.
 */
export async function createDataDisk(
  file: string,
  sizeBytes: number,
  fillBytes: number,
): Promise<void> {
  const template = join(cacheDirectory(), `disk-${sizeBytes}-${fillBytes}.qcow2`);
  await withLock('guest-disk', async () => {
    if ((await pathKind(template)) === null) await makeTemplate(template, sizeBytes, fillBytes);
  });
  await copyFile(template, file, constants.COPYFILE_FICLONE);
}

async function makeTemplate(file: string, sizeBytes: number, fillBytes: number): Promise<void> {
  const draft = await mkdtemp(join(cacheDirectory(), 'draft-'));
  const [content, raw, disk] = ['content', 'disk.raw', 'disk.qcow2'].map((f) => join(draft, f));
  if (content === undefined || raw === undefined || disk === undefined) return;
  await mkdir(content);
  if (fillBytes > 0) await writeRandom(join(content, 'fill'), fillBytes);
  const eager = 'lazy_itable_init=0,lazy_journal_init=0';
  const args = ['-q', '-d', content, '-E', eager, raw, `${Math.floor(sizeBytes / 1024)}k`];
  await run('mkfs.ext4', args);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, disk]);
  await rename(disk, file);
  await rm(draft, { recursive: true });
}

async function writeRandom(file: string, sizeBytes: number): Promise<void> {
  const args = ['if=/dev/urandom', `of=${file}`, 'bs=64K', 'iflag=count_bytes,fullblock'];
  await run('dd', [...args, `count=${sizeBytes}`]);
}

/** Whether files in a directory can be opened past the page cache, which `cache='none'` needs. */
export async function allowsDirectIo(directory: string): Promise<boolean> {
  const probe = join(directory, `.direct-io-${process.pid}`);
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT;
    await (await open(probe, flags)).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return false;
    throw error;
  } finally {
    await rm(probe, { force: true });
  }
}
