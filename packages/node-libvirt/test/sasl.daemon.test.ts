import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  AuthenticationError,
  open,
  UnsupportedAuthError,
  type Credentials,
  type CredentialsRequest,
  type CredentialsSource,
} from '../src/index.ts';
import { CertificateAuthority } from './certificates.ts';
import { describeOwnDaemon, OwnDaemon } from './own-daemon.ts';
import { admitFred, fred, stranger } from './sasl-users.ts';

let directory: string;
let daemon: OwnDaemon;
async function prepare(own: string): Promise<Record<string, string | number>> {
  await admitFred(own);
  const ca = await CertificateAuthority.create(join(directory, 'ca'));
  const [cert, key] = [join(own, 'servercert.pem'), join(own, 'serverkey.pem')];
  await ca.issue(cert, key);
  await ca.issue(join(directory, 'clientcert.pem'), join(directory, 'clientkey.pem'));
  await copyFile(ca.path, join(directory, 'cacert.pem'));
  const auth = { auth_tcp: 'sasl', auth_tls: 'sasl', auth_unix_rw: 'sasl' };
  const files = { ca_file: ca.path, cert_file: cert, key_file: key };
  return { listen_tls: 1, listen_tcp: 1, ...auth, ...files };
}

const unixUri = (more = ''): string => `test+unix:///default?socket=${daemon.socket}${more}`;
const tlsUri = (user = '', more = ''): string =>
  `test+tls://${user}127.0.0.1:${daemon.tlsPort}/default?pkipath=${directory}${more}`;

async function writeAuthFile(name: string, lines: readonly string[]): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, lines.join('\n'));
  return path;
}

async function refusal(uri: string, credentials?: CredentialsSource): Promise<AuthenticationError> {
  const error: unknown = await open(uri, { credentials }).catch((reason: unknown) => reason);
  if (error instanceof AuthenticationError) return error;
  throw new Error('there was no AuthenticationError', { cause: error });
}

describeOwnDaemon('SASL with a real daemon', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sasl-test-'));
    daemon = await OwnDaemon.start(prepare);
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it.each([
    ['a unix socket', () => unixUri()],
    ['TLS', () => tlsUri()],
  ])('logs in over %s, on every socket, and asks once', async (_name, uri) => {
    const asked: CredentialsRequest[] = [];
    const credentials = (request: CredentialsRequest): Promise<Credentials> => {
      asked.push(request);
      return Promise.resolve(fred);
    };
    await using connection = await open(uri(), { credentials });
    const domain = await connection.domainLookupByName('test');
    await domain.suspend();
    // On a socket of its own.
    await domain.resume();
    expect(await domain.getState()).toMatchObject({ state: 'running' });
    expect(asked).toHaveLength(1);
  });

  it('tells who asks whom to the one who knows the password', async () => {
    const asked: CredentialsRequest[] = [];
    const user = encodeURIComponent(fred.username);
    await using _ = await open(tlsUri(`${user}@`), {
      credentials: (request) => {
        asked.push(request);
        return Promise.resolve(fred);
      },
    });
    expect(asked).toMatchObject([{ host: '127.0.0.1', username: fred.username }]);
  });

  it("takes the credentials out of libvirt's auth file", async () => {
    const path = await writeAuthFile('auth.conf', [
      '[credentials-lab]',
      `authname=${fred.username}`,
      `password=${fred.password}`,
      '[auth-libvirt-127.0.0.1]',
      'credentials=lab',
      '[auth-libvirt-default]',
      'credentials=lab',
    ]);
    await using overTls = await open(tlsUri('', `&authfile=${path}`));
    expect(await overTls.getType()).toBe('TEST');
    await using overUnix = await open(unixUri(`&authfile=${path}`));
    expect(await overUnix.getType()).toBe('TEST');
  });

  it('takes the name from the URI and the password from the auth file', async () => {
    const path = await writeAuthFile('password.conf', [
      '[credentials-lab]',
      `password=${fred.password}`,
      '[auth-libvirt-127.0.0.1]',
      'credentials=lab',
    ]);
    const uri = tlsUri(`${encodeURIComponent(fred.username)}@`, `&authfile=${path}`);
    await using connection = await open(uri);
    expect(await connection.getType()).toBe('TEST');
  });

  it('refuses a wrong password, and shows it nowhere', async () => {
    const password = 'Sesame-7351';
    const error = await refusal(unixUri(), { username: fred.username, password });
    expect(error).toMatchObject({ host: 'localhost', username: fred.username });
    expect(error.message).toContain('refuses the user name or the password');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(password);
  });

  it('refuses an unknown user', async () => {
    const error = await refusal(tlsUri(), stranger);
    expect(error).toMatchObject({ host: '127.0.0.1', username: stranger.username });
  });

  it('says where a password could come from, where there is none', async () => {
    const path = await writeAuthFile('other.conf', ['[auth-libvirt-elsewhere]', 'credentials=x']);
    const error = await refusal(unixUri(`&authfile=${path}`));
    expect(error.message).toContain(`a section [auth-libvirt-localhost] in ${path}`);
    expect(error.message).toContain('"credentials"');
  });

  it('does not take the password of one for that of another', async () => {
    const path = await writeAuthFile('one.conf', [
      '[credentials-lab]',
      'username=one',
      'password=Sesame-7351',
      '[auth-libvirt-127.0.0.1]',
      'credentials=lab',
    ]);
    const error = await refusal(tlsUri('other@', `&authfile=${path}`));
    expect(error.message).toContain('for "one" only');
    expect(error.message).not.toContain('Sesame');
  });

  it('shows the password in nothing that can be printed', async () => {
    await using connection = await open(unixUri(), { credentials: fred });
    const printed = inspect(connection, { depth: null, showHidden: true, getters: true });
    expect(printed).not.toContain(fred.password);
  });

  it('gives up waiting for a password when the time is over', async () => {
    const asked = Promise.withResolvers<CredentialsRequest>();
    const opening = open(unixUri(), {
      openTimeoutMs: 1_000,
      credentials: (request) => {
        asked.resolve(request);
        return new Promise(() => undefined);
      },
    });
    await expect(opening).rejects.toThrow('no answer within 1000 ms');
    expect((await asked.promise).signal.aborted).toBe(true);
  });

  it('passes on why the password could not be had', async () => {
    const opening = open(unixUri(), { credentials: () => Promise.reject(new Error('no wallet')) });
    await expect(opening).rejects.toThrow('no wallet');
  });

  it('refuses SASL over plain TCP, and says what to use', async () => {
    const opening = open(`test+tcp://127.0.0.1:${daemon.tcpPort}/default`, { credentials: fred });
    await expect(opening).rejects.toThrow(UnsupportedAuthError);
    await expect(opening).rejects.toThrow('use qemu+tls');
    await expect(opening).rejects.toMatchObject({ mechanisms: ['sasl'] });
  });
});
