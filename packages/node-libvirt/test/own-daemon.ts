import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe } from 'vitest';
import { AuthenticationError, open } from '../src/index.ts';

const startTimeoutMs = 10_000;
const retryMs = 20;

/** A TCP port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** A directory that takes the place of one of the system's, for the programs of the test alone. */
interface Mount {
  readonly own: string;
  readonly over: string;
}

/**
 * A libvirtd of the test's own, on loopback, in a mount namespace in which all directories that it writes to are the
 * test's. It has the test driver and no other, and so is up in a tenth of a second.
 */
export class OwnDaemon implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly tlsPort: number;
  readonly tcpPort: number;
  readonly pid: number;
  readonly #others: ChildProcess[] = [];
  readonly #process: ChildProcess;

  private constructor(
    place: { directory: string; tlsPort: number; tcpPort: number },
    daemon: { process: ChildProcess; pid: number },
  ) {
    this.directory = place.directory;
    this.socket = join(place.directory, 'run', 'libvirt', 'libvirt-sock');
    this.tlsPort = place.tlsPort;
    this.tcpPort = place.tcpPort;
    this.#process = daemon.process;
    this.pid = daemon.pid;
  }

  /** @param prepare makes what the settings, which it answers, need in the daemon's directory. */
  static async start(
    prepare: (directory: string) => Promise<Readonly<Record<string, string | number>>>,
  ): Promise<OwnDaemon> {
    const directory = await mkdtemp(join(tmpdir(), 'own-libvirt-'));
    const [tlsPort, tcpPort] = [await freePort(), await freePort()];
    for (const name of ['run/libvirt', 'run/sshd', 'lib', 'cache', 'log', 'no-drivers', 'sasl2'])
      await mkdir(join(directory, name), { recursive: true });
    await cp('/etc/libvirt', join(directory, 'etc'), { recursive: true });
    const settings = {
      auth_unix_rw: 'none',
      listen_tls: 0,
      listen_tcp: 0,
      listen_addr: '127.0.0.1',
      tls_port: String(tlsPort),
      tcp_port: String(tcpPort),
      ...(await prepare(directory)),
    };
    await writeFile(join(directory, 'etc', 'libvirtd.conf'), render(settings));
    const daemon = startIn(directory);
    const own = new OwnDaemon({ directory, tlsPort, tcpPort }, daemon);
    try {
      await own.#answers();
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
    return own;
  }

  /** Starts a program that sees the daemon's directories; it ends with the daemon. */
  spawnBeside(program: string, args: readonly string[]): ChildProcess {
    const words = [`--target=${this.pid}`, '--mount', '--', program, ...args];
    const child = spawn('nsenter', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#others.push(child);
    return child;
  }

  /** Stops the daemon. The kernel stops one thread after the other: this ends when the last one stands. */
  async freeze(): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    while (!(await this.#stands())) await delay(1);
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async #stands(): Promise<boolean> {
    const tasks = `/proc/${this.pid}/task`;
    const stats = (await readdir(tasks)).map((task) => readFile(join(tasks, task, 'stat'), 'utf8'));
    return (await Promise.all(stats)).every((stat) => stat.includes(') T '));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#others, this.#process]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A daemon tells nobody that it is up: its socket is tried until it answers, be it with a refusal. */
  async #answers(): Promise<void> {
    const signal = AbortSignal.timeout(startTimeoutMs);
    const uri = `test+unix:///default?socket=${this.socket}`;
    for (;;) {
      try {
        const credentials = { username: 'nobody', password: 'nothing' };
        await (await open(uri, { credentials })).close();
        return;
      } catch (error) {
        if (error instanceof AuthenticationError) return;
        if (signal.aborted || this.#process.exitCode !== null) throw error;
        await delay(retryMs);
      }
    }
  }
}

function startIn(directory: string): { process: ChildProcess; pid: number } {
  const mounts: readonly Mount[] = [
    { own: 'etc', over: '/etc/libvirt' },
    { own: 'run', over: '/run' },
    { own: 'lib', over: '/var/lib/libvirt' },
    { own: 'cache', over: '/var/cache/libvirt' },
    { own: 'log', over: '/var/log/libvirt' },
    { own: 'sasl2', over: '/etc/sasl2' },
  ];
  const script = [
    'set -e',
    ...mounts.map(({ own, over }) => `mount --bind "$1/${own}" ${over}`),
    'exec libvirtd --listen --pid-file "$1/libvirtd.pid"',
  ].join('\n');
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', directory],
    {
      stdio: 'ignore',
      env: { ...process.env, LIBVIRT_DRIVER_DIR: join(directory, 'no-drivers') },
    },
  );
  if (child.pid === undefined) throw new Error('unshare is missing');
  return { process: child, pid: child.pid };
}

function render(settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}\n`);
  return lines.join('');
}

function quote(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value}"`;
}

const programs = [
  'libvirtd',
  'virsh',
  'unshare',
  'nsenter',
  'openssl',
  'saslpasswd2',
  'ssh',
  'sshd',
];
/** Where Debian keeps what only root runs, whatever the PATH of the one who tests. */
const programDirectories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

function whyNoOwnDaemon(): string | null {
  if (process.env['VIRTSTATE_LAB'] === 'off') return 'VIRTSTATE_LAB=off';
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux';
  const missing = programs.filter(
    (program) => !programDirectories.some((directory) => existsSync(join(directory, program))),
  );
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

/** A suite that starts daemons of its own; where it cannot, it is skipped, and its name says why. */
export function describeOwnDaemon(name: string, suite: () => void): void {
  const reason = whyNoOwnDaemon();
  if (reason === null) describe(name, suite);
  else describe.skip(`${name} (skipped: ${reason})`, suite);
}
