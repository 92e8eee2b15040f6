import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ConnectError, TlsError, type TlsProblem } from '../errors.ts';
import { channelOf, type ByteChannel } from './byte-channel.ts';
import { describeEndpoint, type TlsEndpoint } from './endpoint.ts';
import { keepAlive } from './plain.ts';
import { findTlsFilesHere, readTlsFiles, type TlsFiles, type TlsPaths } from './tls-files.ts';

/** What libvirtd sends first when our certificate is good enough for it; else it hangs up. */
const accepted = 1;

/**
 * Connects, checks the server's certificate and name, shows ours, and waits until the daemon says that it accepts it.
 *
 * @throws TlsError that tells what is wrong with whose certificate; ConnectError where nobody listens; the signal's reason.
 */
export async function connectTls(endpoint: TlsEndpoint, signal: AbortSignal): Promise<ByteChannel> {
  const address = describeEndpoint(endpoint);
  const paths = findTlsFilesHere(endpoint.pkiDirectory);
  const { verifiesServer } = endpoint;
  const files = await readTlsFiles(paths, { address, verifiesServer });
  signal.throwIfAborted();
  const socket = connect({
    host: endpoint.host,
    port: endpoint.tcpPort,
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    rejectUnauthorized: verifiesServer,
    ...(files.ca === null ? {} : { ca: files.ca }),
    ...(files.crl === null ? {} : { crl: files.crl }),
    ...files.identity,
  });
  const onAbort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await shakeHands(socket, address, paths);
    keepAlive(socket);
    await hearAcceptance(socket, address, { files, paths });
    return channelOf(withRecordPerWrite(socket), { joinsMessages: false });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * libvirtd waits for its socket, not for what GnuTLS holds already: of several messages in one TLS record it would leave
 * those behind the fifth, at which it pauses reading, until something else arrives. So each goes into records of its own,
 * as libvirt's client does it; without `_writev` a stream does not join what waits to be written.
 */
function withRecordPerWrite(socket: TLSSocket): TLSSocket {
  return Object.assign(socket, { _writev: undefined });
}

async function shakeHands(socket: TLSSocket, address: string, paths: TlsPaths): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let hasConnected = false;
  socket.once('connect', () => {
    hasConnected = true;
  });
  socket.once('secureConnect', resolve);
  socket.once('error', (error) => {
    reject(hasConnected ? handshakeError(address, error, paths) : new ConnectError(address, error));
  });
  socket.once('close', () => reject(new ConnectError(address, new Error('it hung up'))));
  await promise;
}

const untrusted = 'its certificate is not signed by a CA that we know, see cacert.pem';
/** Of OpenSSL's and Node's codes those that have a meaning of their own here. */
const problems: Readonly<Record<string, { problem: TlsProblem; text: string }>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { problem: 'untrustedServer', text: untrusted },
  UNABLE_TO_GET_ISSUER_CERT: { problem: 'untrustedServer', text: untrusted },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { problem: 'untrustedServer', text: untrusted },
  SELF_SIGNED_CERT_IN_CHAIN: { problem: 'untrustedServer', text: untrusted },
  DEPTH_ZERO_SELF_SIGNED_CERT: { problem: 'untrustedServer', text: untrusted },
  CERT_SIGNATURE_FAILURE: { problem: 'untrustedServer', text: untrusted },
  CERT_UNTRUSTED: { problem: 'untrustedServer', text: untrusted },
  CERT_REVOKED: { problem: 'untrustedServer', text: 'its certificate was revoked by its CA' },
  UNABLE_TO_GET_CRL: {
    problem: 'unusableFile',
    text: 'cacrl.pem holds no list of the CA that signed its certificate',
  },
  CRL_SIGNATURE_FAILURE: {
    problem: 'unusableFile',
    text: 'cacrl.pem is not of the CA that signed its certificate',
  },
  CRL_HAS_EXPIRED: {
    problem: 'unusableFile',
    text: 'cacrl.pem is out of date: get a new one from the CA',
  },
  CERT_HAS_EXPIRED: { problem: 'expiredServer', text: 'its certificate, or its CA, has expired' },
  CERT_NOT_YET_VALID: {
    problem: 'expiredServer',
    text: 'its certificate, or its CA, is not valid yet: compare the clocks',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    problem: 'wrongServerName',
    text: 'its certificate is for another name',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: { problem: 'notTls', text: 'no TLS is spoken there' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { problem: 'notTls', text: 'no TLS is spoken there' },
  // libvirtd on its TCP port takes our first bytes for a message that is too long.
  ECONNRESET: {
    problem: 'notTls',
    text: 'it hung up instead of answering the TLS handshake: no TLS is spoken there, or it is full',
  },
};

/** Node's own advice does not hold here: only the CA file that libvirt names is believed. */
function withoutNodesHint(message: string): string {
  return message.replace(/; if the root CA is installed locally.*$/, '');
}

function handshakeError(address: string, error: Error, paths: TlsPaths): TlsError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = Object.hasOwn(problems, code) ? problems[code] : undefined;
  const { problem, text } = known ?? {
    problem: 'handshakeFailed',
    text: 'the TLS handshake failed',
  };
  return new TlsError(address, {
    problem,
    text: `${text} (${withoutNodesHint(error.message)})`,
    // The others have been read before.
    path: problem === 'unusableFile' ? paths.crl : undefined,
    cause: error,
  });
}

/** The first byte, and nothing behind it: the daemon speaks again only when asked. */
async function hearAcceptance(
  socket: TLSSocket,
  address: string,
  ours: { files: TlsFiles; paths: TlsPaths },
): Promise<void> {
  let error: Error | undefined;
  socket.once('error', (ended) => {
    error = ended;
  });
  let first: unknown = null;
  while (first === null && !socket.destroyed) {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('readable', resolve).once('close', resolve);
    await promise;
    socket.off('readable', resolve).off('close', resolve);
    first = socket.read(1);
  }
  if (first instanceof Buffer && first[0] === accepted) return;
  if (first instanceof Buffer) {
    const text = `it began with byte ${first[0]}, which is not libvirt's welcome`;
    throw new TlsError(address, { problem: 'handshakeFailed', text });
  }
  const { files, paths } = ours;
  const text =
    files.identity === null
      ? `it demands a client certificate, and there is none at ${paths.cert}`
      : `it does not accept our certificate ${paths.cert}`;
  const path = paths.cert;
  throw new TlsError(address, { problem: 'clientRefused', path, text, cause: error });
}
