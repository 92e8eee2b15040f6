import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthenticationError, open, SshError, type CloseReason } from '../src/index.ts';
import { describeOwnDaemon, freePort, OwnDaemon } from './own-daemon.ts';
import { admitFred, fred, stranger } from './sasl-users.ts';

const run = promisify(execFile);
const retryMs = 20;
const startTimeoutMs = 10_000;

let directory: string;
let daemon: OwnDaemon;
let tcpPort: number;
const fileOf = (name: string): string => join(directory, name);

async function makeKey(name: string): Promise<string> {
  const path = fileOf(name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return (await readFile(`${path}.pub`, 'utf8')).trim();
}

/** Starts sshd where the daemon's directories are, and waits until it greets. */
async function startSshd(): Promise<void> {
  await makeKey('host-key');
  await writeFile(fileOf('authorized'), `${await makeKey('our-key')}\n`);
  await makeKey('strange-key');
  const settings = [
    `Port ${tcpPort}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${fileOf('host-key')}`,
    `AuthorizedKeysFile ${fileOf('authorized')}`,
    `PidFile ${fileOf('sshd.pid')}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'MaxStartups 100',
    '',
  ];
  await writeFile(fileOf('sshd_config'), settings.join('\n'));
  daemon.spawnBeside('/usr/sbin/sshd', ['-D', '-e', '-f', fileOf('sshd_config')]);
  const signal = AbortSignal.timeout(startTimeoutMs);
  for (;;) {
    const socket = connect(tcpPort, '127.0.0.1');
    const greeting = await Promise.race([
      once(socket, 'data').then(
        () => true,
        () => false,
      ),
      once(socket, 'close').then(() => false),
    ]).finally(() => socket.destroy());
    if (greeting) return;
    signal.throwIfAborted();
    await delay(retryMs);
  }
}

/** An ssh that leaves its process number in a file; ours are found by it. */
async function writeTellingSsh(): Promise<string> {
  const path = fileOf('telling-ssh');
  await writeFile(path, `#!/bin/sh\necho $$ >> ${fileOf('pids')}\nexec ssh "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

async function startedSince(pidsBefore: readonly number[]): Promise<number[]> {
  const pids = (await readFile(fileOf('pids'), 'utf8')).trim().split('\n');
  return pids.map(Number).filter((pid) => pid > 0 && !pidsBefore.includes(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Everything right; later parameters take the place of these. */
function uri(parameters: Readonly<Record<string, string>> = {}, user = 'root'): string {
  const all = { keyfile: fileOf('our-key'), known_hosts: fileOf('known_hosts'), ...parameters };
  const query = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return `test+ssh://${user}@127.0.0.1:${tcpPort}/default?${query.join('&')}`;
}

async function failure(address: string): Promise<SshError> {
  const error: unknown = await open(address).catch((reason: unknown) => reason);
  if (error instanceof SshError) return error;
  throw new Error('there was no SshError', { cause: error });
}

describeOwnDaemon('ssh to a real daemon', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ssh-test-'));
    tcpPort = await freePort();
    daemon = await OwnDaemon.start(() => Promise.resolve({}));
    await startSshd();
    const [type, key] = (await readFile(fileOf('host-key.pub'), 'utf8')).split(' ');
    await writeFile(fileOf('known_hosts'), `[127.0.0.1]:${tcpPort} ${type} ${key}\n`);
    await writeFile(fileOf('nobody'), '');
    await writeFile(fileOf('pids'), '');
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it.each([
    ['the helper', { proxy: 'native' }],
    ['netcat', { proxy: 'netcat' }],
    ['netcat on a socket of its own', { socket: '' }],
    ['a netcat by its path', { proxy: 'netcat', netcat: '/bin/nc.openbsd' }],
    ['whichever there is', {}],
  ])('calls and hears events through %s', async (_name, parameters: Record<string, string>) => {
    const socket = parameters['socket'] === undefined ? {} : { socket: daemon.socket };
    await using connection = await open(uri({ ...parameters, ...socket }));
    expect(await connection.getType()).toBe('TEST');
    const suspended = Promise.withResolvers<string>();
    connection.once('lifecycle', ({ event }) => suspended.resolve(event));
    await connection.subscribe('lifecycle');
    const domain = await connection.domainLookupByName('test');
    await domain.suspend();
    expect(await suspended.promise).toBe('suspended');
    // On an ssh of its own.
    await domain.resume();
    expect(await domain.getState()).toMatchObject({ state: 'running' });
  });

  it('answers hundreds of calls in flight', async () => {
    await using connection = await open(uri(), { keepAlive: 'off' });
    const calls = Array.from({ length: 200 }, () => connection.getCapabilities());
    expect(new Set(await Promise.all(calls)).size).toBe(1);
  });

  it('logs in to a daemon that asks for SASL', async () => {
    await using asking = await OwnDaemon.start(async (own) => {
      await admitFred(own);
      return { auth_unix_rw: 'sasl' };
    });
    const address = uri({ socket: asking.socket });
    await using connection = await open(address, { credentials: fred });
    expect(await connection.getType()).toBe('TEST');
    await expect(open(address, { credentials: stranger })).rejects.toThrow(AuthenticationError);
  });

  it('refuses a host key that it does not know, and says so in the words of ssh', async () => {
    const error = await failure(uri({ known_hosts: fileOf('nobody') }));
    expect(error).toMatchObject({ exitCode: 255, address: `ssh root@127.0.0.1:${tcpPort}` });
    expect(error.stderr).toContain('Host key verification failed');
    expect(error.message).toContain('Host key verification failed');
    expect(await readFile(fileOf('nobody'), 'utf8')).toBe('');
  });

  it('takes a new host key, and only a new one, on request', async () => {
    const known = fileOf('new-known-hosts');
    const parameters = { known_hosts: known, known_hosts_verify: 'auto' };
    await (await open(uri(parameters))).close();
    expect(await readFile(known, 'utf8')).toContain('ssh-ed25519');
    const [, strange] = (await readFile(fileOf('strange-key.pub'), 'utf8')).split(' ');
    await writeFile(known, `[127.0.0.1]:${tcpPort} ssh-ed25519 ${strange}\n`);
    const error = await failure(uri(parameters));
    expect(error.message).toContain('Host key verification failed');
  });

  it('checks no host key with no_verify=1', async () => {
    const known_hosts = fileOf('unverified');
    await using connection = await open(uri({ known_hosts, no_verify: '1' }));
    expect(await connection.getType()).toBe('TEST');
  });

  it('says that the key is not accepted', async () => {
    const error = await failure(uri({ keyfile: fileOf('strange-key') }));
    expect(error).toMatchObject({ exitCode: 255 });
    expect(error.message).toContain('Permission denied');
  });

  it('says that the other side has no such program', async () => {
    const error = await failure(uri({ proxy: 'netcat', netcat: 'no-such-netcat' }));
    expect(error).toMatchObject({ exitCode: 127 });
    expect(error.message).toContain('no-such-netcat');
  });

  it('says that there is no such socket', async () => {
    const error = await failure(uri({ socket: '/run/libvirt/none-here' }));
    expect(error).toMatchObject({ exitCode: 1 });
    expect(error.message).toContain('No such file');
  });

  it('says that nobody listens there', async () => {
    const unused = await freePort();
    const error = await failure(uri().replace(`:${tcpPort}`, `:${unused}`));
    expect(error.message).toContain('Connection refused');
  });

  it('loses its calls and says why when ssh dies', async () => {
    const command = await writeTellingSsh();
    const before = await startedSince([]);
    const connection = await open(uri({ command }), { keepAlive: 'off' });
    const [pid] = await startedSince(before);
    if (pid === undefined) throw new Error('no ssh was started');
    const closed = Promise.withResolvers<CloseReason>();
    connection.once('close', closed.resolve);
    await daemon.freeze();
    try {
      const call = connection.getHostname();
      // More than pipes and sockets hold, so that it is surely cut short; but who knows what ssh has passed on.
      const long = connection.getDomainCapabilities({ arch: 'x'.repeat(4_000_000) });
      for (const pending of [call, long]) pending.catch(() => undefined);
      await new Promise(setImmediate);
      process.kill(pid, 'SIGKILL');
      const unknown = { name: 'ConnectionLostError', fullyWritten: true };
      await expect(call).rejects.toMatchObject(unknown);
      await expect(call).rejects.toThrow('ssh was ended by SIGKILL');
      await expect(long).rejects.toMatchObject(unknown);
      const reason = { kind: 'lost', error: { cause: expect.any(SshError) } };
      expect(await closed.promise).toMatchObject(reason);
    } finally {
      daemon.thaw();
    }
    expect(connection.isClosed).toBe(true);
  });

  it('leaves no ssh behind', async () => {
    const command = await writeTellingSsh();
    const before = await startedSince([]);
    const connection = await open(uri({ command }));
    const domain = await connection.domainLookupByName('test');
    await domain.suspend();
    await domain.resume();
    const pids = await startedSince(before);
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    // Each in a process group of its own, so that Ctrl-C on our terminal does not reach it.
    for (const pid of pids) {
      const group = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[4];
      expect(group).toBe(String(pid));
    }
    await connection.close();
    const signal = AbortSignal.timeout(startTimeoutMs);
    while (pids.some(isAlive)) {
      signal.throwIfAborted();
      await delay(retryMs);
    }
  });
});
