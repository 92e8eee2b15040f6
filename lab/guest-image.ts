import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run, runForBytes } from './command.ts';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { pathKind } from './path-kind.ts';
import { cacheDirectory } from './paths.ts';

/** What a guest boots from. */
export interface BootFiles {
  readonly kernel: string;
  readonly initramfs: string;
}

/** Boot files in the cache. */
export interface GuestImage extends BootFiles {
  /** Another kernel, busybox, agent or script makes another one. */
  readonly fingerprint: string;
}

const busybox = '/bin/busybox';
const agent = '/usr/sbin/qemu-ga';
const applets =
  'cat dd echo insmod kill ln ls mkdir mount poweroff read sh sleep sync umount usleep'.split(' ');
const modules = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net'];
const sources = join(import.meta.dirname, 'guest-image');

/** The release of the newest cloud kernel on this machine; null when there is none. */
export async function cloudKernelRelease(): Promise<string | null> {
  const releases = (await readdir('/boot'))
    .map((file) => /^vmlinuz-(.+-cloud-amd64)$/.exec(file)?.[1])
    .filter((release) => release !== undefined);
  const collator = new Intl.Collator('en', { numeric: true });
  return releases.toSorted((a, b) => collator.compare(a, b)).at(-1) ?? null;
}

/** The modules in the order in which they must be loaded. */
async function moduleFiles(release: string): Promise<string[]> {
  const files = new Set<string>();
  for (const module of modules) {
    const shown = await run('modprobe', ['-S', release, '--show-depends', module]);
    for (const [, file] of shown.matchAll(/^insmod (\S+)/gm))
      if (file !== undefined) files.add(file);
  }
  return [...files];
}

async function librariesOf(program: string): Promise<string[]> {
  const listed = await run('ldd', [program]);
  return [...listed.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => (file ? [file] : []));
}

async function put(root: string, file: string, from: string, mode: number): Promise<void> {
  const to = join(root, file);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}

async function fillRoot(root: string, release: string): Promise<void> {
  const directories = ['bin', 'data', 'dev', 'dirtied', 'modules', 'proc', 'run', 'sbin', 'sys'];
  for (const directory of directories) await mkdir(join(root, directory));
  await put(root, 'bin/busybox', busybox, 0o755);
  for (const applet of applets) await symlink('busybox', join(root, 'bin', applet));
  for (const script of ['init', 'dirty', 'agent', 'hook', 'control', 'off']) {
    await put(root, script, join(sources, script), 0o755);
  }
  await put(root, 'sbin/shutdown', join(sources, 'shutdown'), 0o755);
  await put(root, 'bin/qemu-ga', agent, 0o755);
  for (const library of await librariesOf(agent)) await put(root, library, library, 0o755);
  const files = await moduleFiles(release);
  for (const file of files) await put(root, join('modules', basename(file)), file, 0o644);
  await writeFile(join(root, 'modules', 'order'), `${files.map((f) => basename(f)).join('\n')}\n`);
}

async function pack(root: string): Promise<Buffer> {
  const entries = await readdir(root, { recursive: true });
  const names = ['.', ...entries.toSorted()].join('\n');
  const args = ['--create', '--format=newc', '--owner=0:0', '--quiet'];
  return runForBytes('cpio', args, { input: `${names}\n`, cwd: root });
}

/** What the image is made of, as a short digest. */
async function fingerprint(release: string): Promise<string> {
  const hash = createHash('sha256').update(release);
  for (const file of [busybox, agent, `/boot/vmlinuz-${release}`]) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  for (const file of [
    import.meta.filename,
    ...(await readdir(sources)).map((f) => join(sources, f)),
  ]) {
    hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The kernel and the initramfs of the ticking guest, built once for all labs of this machine. The
 * initramfs is not compressed: unpacking costs an emulated guest more than loading.
 * @throws {LabError} when there is no cloud kernel.
 */
export async function guestImage(): Promise<GuestImage> {
  const release = await cloudKernelRelease();
  if (release === null)
    throw new LabError('no cloud kernel in /boot: install linux-image-cloud-amd64');
  const digest = await fingerprint(release);
  const directory = join(cacheDirectory(), `guest-${digest}`);
  const image = {
    kernel: join(directory, 'vmlinuz'),
    initramfs: join(directory, 'initramfs'),
    fingerprint: digest,
  };
  await withLock('guest-image', async () => {
    if ((await pathKind(directory)) !== null) return;
    for (const old of await readdir(cacheDirectory())) {
      if (!old.startsWith('guest-')) continue;
      await rm(join(cacheDirectory(), old), { recursive: true });
    }
    const draft = await mkdtemp(join(cacheDirectory(), 'draft-'));
    const root = join(draft, 'root');
    await mkdir(root);
    await fillRoot(root, release);
    await writeFile(join(draft, 'initramfs'), await pack(root));
    await copyFile(`/boot/vmlinuz-${release}`, join(draft, 'vmlinuz'));
    await rm(root, { recursive: true });
    await rename(draft, directory);
  });
  return image;
}
