import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment, run } from './command.ts';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { pathKind } from './path-kind.ts';
import { cacheDirectory } from './paths.ts';

const release = 'trixie';
const packages = [
  'qemu-system-x86',
  'qemu-utils',
  'libvirt-daemon',
  'libvirt-daemon-system',
  'libvirt-clients',
  'libvirt-daemon-driver-qemu',
  'iproute2',
  'ovmf',
  // What its daemon needs as a client of other hosts, and its SASL.
  'openssh-client',
  'netcat-openbsd',
  'libsasl2-modules',
];
const stepTimeoutMs = 600_000;

/**
 * The directory of the next Debian's system, from which hostC runs; another list of packages makes
 * another one.
 */
export function newerSystemRoot(): string {
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8);
  return join(cacheDirectory(), `${release}-${key}`);
}

/** The mirror from which this machine's own apt takes Debian. */
async function mirror(): Promise<string> {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
  const targets = await run('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]);
  for (const line of targets.split('\n')) {
    const [suite, component, uri] = line.split(' ');
    if (suite === codename && component === 'main' && uri !== undefined) return uri;
  }
  throw new LabError(
    `apt's sources name no mirror of Debian ${codename ?? ''}: hostC cannot be made`,
  );
}

/** Downloads go through the proxy that this machine uses, if any. */
async function proxyEnvironment(): Promise<Record<string, string>> {
  const own = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  const shell = await run('apt-config', ['shell', 'PROXY', 'Acquire::http::Proxy']);
  const configured = /^PROXY='([^']+)'/m.exec(shell)?.[1];
  const fromApt = configured === undefined ? {} : { http_proxy: configured };
  return { ...fromApt, ...Object.fromEntries(own.map(([name, value]) => [name, value ?? ''])) };
}

async function build(root: string): Promise<void> {
  const environment = { ...plainEnvironment, ...(await proxyEnvironment()) };
  // A mount namespace of its own: whatever an installation mounts goes with it.
  const step = (...args: string[]): Promise<string> =>
    run('unshare', ['--mount', ...args], { timeoutMs: stepTimeoutMs, environment });
  await step('debootstrap', '--variant=minbase', release, root, await mirror());
  const policy = join(root, 'usr', 'sbin', 'policy-rc.d');
  await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  await writeFile(join(root, 'etc', 'dpkg', 'dpkg.cfg.d', 'fast'), 'force-unsafe-io\n');
  const apt = [`--mount-proc=${root}/proc`, 'chroot', root, 'apt-get'];
  await step(...apt, 'install', '--yes', '--no-install-recommends', ...packages);
  await step(...apt, 'clean');
}

/**
 * Makes the system of hostC, once for all labs of this machine: half a gigabyte and most of a
 * minute.
 * @throws {LabError} when debootstrap is not installed, or apt knows no mirror.
 */
export async function prepareNewerSystem(): Promise<void> {
  await withLock('newer-system', async () => {
    const root = newerSystemRoot();
    if ((await pathKind(root)) !== null) return;
    if ((await pathKind('/usr/sbin/debootstrap')) === null) {
      throw new LabError('hostC needs the Debian package debootstrap; .ci/packages installs it');
    }
    await mkdir(cacheDirectory(), { recursive: true });
    const draft = await mkdtemp(join(cacheDirectory(), 'draft-'));
    try {
      await build(draft);
      await rename(draft, root);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}
