import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConnectError, isLibvirtError, open, TlsError } from '../src/index.ts';
import { CertificateAuthority } from './certificates.ts';
import { describeOwnDaemon, freePort, OwnDaemon } from './own-daemon.ts';

const run = promisify(execFile);
let directory: string;
let ca: CertificateAuthority;
let strangeCa: CertificateAuthority;
let daemon: OwnDaemon;
/** A pkipath with everything that the daemon wants. */
let ours: string;

/** Makes a pkipath: the CA to believe, and a certificate of that CA where one is named. */
async function makePki(
  name: string,
  trusted: CertificateAuthority,
  issuer: CertificateAuthority | null,
): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  await symlink(trusted.path, join(path, 'cacert.pem'));
  await issuer?.issue(join(path, 'clientcert.pem'), join(path, 'clientkey.pem'));
  return path;
}

function startDaemon(days: number): Promise<OwnDaemon> {
  return OwnDaemon.start(async (own) => {
    const [cert, key] = [join(own, 'servercert.pem'), join(own, 'serverkey.pem')];
    await ca.issue(cert, key, { days });
    return {
      listen_tls: 1,
      listen_tcp: 1,
      auth_tcp: 'none',
      auth_tls: 'none',
      ca_file: ca.path,
      cert_file: cert,
      key_file: key,
      // Else it refuses to start with a certificate that has expired.
      tls_no_sanity_certificate: 1,
    };
  });
}

interface Place {
  readonly host?: string;
  readonly tcpPort?: number;
  readonly more?: string;
}

function uri(pki: string, { host = '127.0.0.1', tcpPort, more = '' }: Place = {}): string {
  return `test+tls://${host}:${tcpPort ?? daemon.tlsPort}/default?pkipath=${pki}${more}`;
}

async function failure(address: string): Promise<TlsError> {
  const error: unknown = await open(address).catch((reason: unknown) => reason);
  if (error instanceof TlsError) return error;
  throw new Error('there was no TlsError', { cause: error });
}

describeOwnDaemon('TLS to a real daemon', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tls-test-'));
    ca = await CertificateAuthority.create(join(directory, 'ca'));
    strangeCa = await CertificateAuthority.create(join(directory, 'strange-ca'));
    daemon = await startDaemon(2);
    ours = await makePki('ours', ca, ca);
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it('calls and hears events, on several sockets', async () => {
    await using connection = await open(uri(ours));
    expect(await connection.getType()).toBe('TEST');
    const suspended = Promise.withResolvers<string>();
    connection.once('lifecycle', ({ event }) => suspended.resolve(event));
    await connection.subscribe('lifecycle');
    const domain = await connection.domainLookupByName('test');
    await domain.suspend();
    expect(await suspended.promise).toBe('suspended');
    await domain.resume();
    expect(await domain.getState()).toMatchObject({ state: 'running' });
  });

  it('answers hundreds of calls in flight, with nothing else to wake the daemon up', async () => {
    await using connection = await open(uri(ours), { keepAlive: 'off' });
    const calls = Array.from({ length: 200 }, () => connection.getCapabilities());
    expect(new Set(await Promise.all(calls)).size).toBe(1);
  });

  it('sends messages of many records', async () => {
    await using connection = await open(uri(ours), { keepAlive: 'off' });
    const arch = 'x'.repeat(1_000_000);
    const calls = Array.from({ length: 8 }, () => connection.getDomainCapabilities({ arch }));
    for (const answer of await Promise.allSettled(calls)) {
      expect(answer.status === 'rejected' && isLibvirtError(answer.reason)).toBe(true);
    }
  });

  it('lets the kernel look for a dead peer', async () => {
    await using _ = await open(uri(ours), { keepAlive: 'off' });
    const filter = ['dst', `127.0.0.1:${daemon.tlsPort}`];
    const { stdout } = await run('ss', ['--tcp', '--numeric', '--options', ...filter]);
    expect(stdout).toMatch(/timer:\(keepalive,1\d/);
  });

  it('takes a host without a transport for TLS, as libvirt does', async () => {
    await using connection = await open(uri(ours).replace('test+tls:', 'test:'));
    expect(await connection.getURI()).toBe('test:///default');
  });

  it('refuses a server of another CA', async () => {
    const error = await failure(uri(await makePki('other-ca', strangeCa, ca)));
    expect(error).toMatchObject({ problem: 'untrustedServer', path: null });
    expect(error.message).toContain(`127.0.0.1:${daemon.tlsPort}`);
    expect(error.message).toContain('not signed by a CA that we know');
  });

  it('refuses a server that has another name', async () => {
    const error = await failure(uri(ours, { host: 'localhost' }));
    expect(error).toMatchObject({ problem: 'wrongServerName' });
    expect(error.message).toContain('localhost');
  });

  it('refuses a server whose certificate has expired', async () => {
    await using expired = await startDaemon(-1);
    const error = await failure(uri(ours, { tcpPort: expired.tlsPort }));
    expect(error).toMatchObject({ problem: 'expiredServer' });
    expect(error.message).toContain('has expired');
  });

  it('refuses a server whose certificate was revoked, and only that one', async () => {
    const pki = await makePki('careful', ca, ca);
    await ca.revoke([join(ours, 'clientcert.pem')], join(pki, 'cacrl.pem'));
    await (await open(uri(pki))).close();
    await ca.revoke([join(daemon.directory, 'servercert.pem')], join(pki, 'cacrl.pem'));
    const error = await failure(uri(pki));
    expect(error).toMatchObject({ problem: 'untrustedServer' });
    expect(error.message).toContain('revoked');
    const path = join(pki, 'cacrl.pem');
    await strangeCa.revoke([], path);
    expect(await failure(uri(pki))).toMatchObject({ problem: 'unusableFile', path });
    await writeFile(path, 'no PEM');
    expect(await failure(uri(pki))).toMatchObject({ problem: 'unusableFile', path });
  });

  it('checks nothing of the server with no_verify=1, which still checks us', async () => {
    const place = { host: 'localhost', more: '&no_verify=1' };
    const trusting = await makePki('trusting', strangeCa, ca);
    await unlink(join(trusting, 'cacert.pem'));
    await using connection = await open(uri(trusting, place));
    expect(await connection.getType()).toBe('TEST');
    const unknown = await makePki('unknown-trusting', strangeCa, strangeCa);
    expect(await failure(uri(unknown, place))).toMatchObject({ problem: 'clientRefused' });
  });

  it('says that the server wants a certificate, where we have none', async () => {
    const nameless = await makePki('nameless', ca, null);
    const error = await failure(uri(nameless));
    const path = join(nameless, 'clientcert.pem');
    expect(error).toMatchObject({ problem: 'clientRefused', path });
    expect(error.message).toContain(`demands a client certificate, and there is none at ${path}`);
  });

  it('says that the server does not accept our certificate', async () => {
    const unknown = await makePki('unknown', ca, strangeCa);
    const error = await failure(uri(unknown));
    const path = join(unknown, 'clientcert.pem');
    expect(error).toMatchObject({ problem: 'clientRefused', path });
    expect(error.message).toContain(`does not accept our certificate ${path}`);
  });

  it.each(['cacert.pem', 'clientcert.pem', 'clientkey.pem'])(
    'names %s when it is missing, or broken',
    async (name) => {
      const pki = await makePki(`without-${name}`, ca, ca);
      const path = join(pki, name);
      await unlink(path);
      const missing = await failure(uri(pki));
      expect(missing).toMatchObject({ problem: 'unusableFile', path });
      expect(missing.message).toContain('missing');
      await writeFile(path, 'no PEM');
      const broken = await failure(uri(pki));
      expect(broken).toMatchObject({ problem: 'unusableFile', path });
      expect(broken.message).toContain('in PEM form');
      await unlink(path);
      await mkdir(path);
      const unreadable = await failure(uri(pki));
      expect(unreadable).toMatchObject({ problem: 'unusableFile', path });
      expect(unreadable.message).toContain('EISDIR');
    },
  );

  it('names a key that belongs to another certificate', async () => {
    const pki = await makePki('mixed', ca, ca);
    await ca.issue(join(pki, 'other.pem'), join(pki, 'clientkey.pem'));
    const path = join(pki, 'clientkey.pem');
    expect(await failure(uri(pki))).toMatchObject({ problem: 'unusableFile', path });
  });

  it("tells libvirtd's TCP port from its TLS port", async () => {
    const error = await failure(uri(ours, { tcpPort: daemon.tcpPort }));
    expect(error).toMatchObject({ problem: 'notTls' });
  });

  it('tells a server of another kind', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const tcpPort = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await failure(uri(ours, { tcpPort }))).toMatchObject({ problem: 'notTls' });
    server.close();
  });

  it('leaves it a plain ConnectError where nobody listens', async () => {
    const opening = open(uri(ours, { tcpPort: await freePort() }));
    await expect(opening).rejects.toMatchObject({
      name: 'ConnectError',
      cause: { code: 'ECONNREFUSED' },
    });
    await expect(opening).rejects.toThrow(ConnectError);
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const tcpPort = typeof address === 'object' && address !== null ? address.port : 0;
    const connected = once(server, 'connection');
    const opening = open(uri(ours, { tcpPort }), { openTimeoutMs: 1_000 });
    await expect(opening).rejects.toThrow('no answer within 1000 ms');
    const [socket] = await connected;
    if (!socket.closed) await once(socket, 'close');
    server.close();
  });

  it('gives up when the signal aborts, with whatever its reason is', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const tcpPort = typeof address === 'object' && address !== null ? address.port : 0;
    const connected = once(server, 'connection');
    const controller = new AbortController();
    const opening = open(uri(ours, { tcpPort }), { signal: controller.signal });
    opening.catch(() => undefined);
    await connected;
    controller.abort('not today');
    await expect(opening).rejects.toBe('not today');
    server.close();
  });

  it('loses its calls when the daemon dies', async () => {
    await using victim = await startDaemon(2);
    const connection = await open(uri(ours, { tcpPort: victim.tlsPort }));
    const closed = Promise.withResolvers<unknown>();
    connection.once('close', closed.resolve);
    await victim.freeze();
    const call = connection.getHostname();
    call.catch(() => undefined);
    await new Promise(setImmediate);
    process.kill(victim.pid, 'SIGKILL');
    await expect(call).rejects.toMatchObject({ name: 'ConnectionLostError', fullyWritten: true });
    expect(await closed.promise).toMatchObject({ kind: 'lost' });
  });
});
