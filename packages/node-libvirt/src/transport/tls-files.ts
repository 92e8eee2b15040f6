import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { TlsError } from '../errors.ts';

/** Who we are towards the server, and whom we believe. */
export interface TlsFiles {
  /** Null where the server is not checked. */
  readonly ca: Buffer | null;
  /** What the CA has revoked; null where nobody keeps such a list, or the server is not checked. */
  readonly crl: Buffer | null;
  /** Null where this machine has none: not every server asks for one. */
  readonly identity: { readonly cert: Buffer; readonly key: Buffer } | null;
}

export interface TlsPaths {
  readonly ca: string;
  readonly crl: string;
  readonly cert: string;
  readonly key: string;
}

export interface TlsSearch {
  /** `pkipath`. */
  readonly pkiDirectory: string | null;
  readonly homeDirectory: string;
  /** libvirt looks into the home of everybody but root. */
  readonly isRoot: boolean;
  exists(path: string): boolean;
}

const systemPaths: TlsPaths = {
  ca: '/etc/pki/CA/cacert.pem',
  crl: '/etc/pki/CA/cacrl.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
};
/** Nothing that belongs here is near that long. */
const fileBytesMax = 1_048_576;

/**
 * Where libvirt's own client looks: in `pkipath` and nowhere else, or in the user's directory and then the system's, once
 * for the CA, once for its list of what it revoked, and once for certificate and key, which belong together.
 *
 * @see https://libvirt.org/kbase/tlscerts.html
 */
export function findTlsFiles(search: TlsSearch): TlsPaths {
  if (search.pkiDirectory !== null) return pathsIn(search.pkiDirectory);
  if (search.isRoot) return systemPaths;
  const own = pathsIn(join(search.homeDirectory, '.pki', 'libvirt'));
  const hasIdentity = search.exists(own.cert) && search.exists(own.key);
  const { cert, key } = hasIdentity ? own : systemPaths;
  const ca = search.exists(own.ca) ? own.ca : systemPaths.ca;
  const crl = search.exists(own.crl) ? own.crl : systemPaths.crl;
  return { ca, crl, cert, key };
}

function pathsIn(directory: string): TlsPaths {
  return {
    ca: join(directory, 'cacert.pem'),
    crl: join(directory, 'cacrl.pem'),
    cert: join(directory, 'clientcert.pem'),
    key: join(directory, 'clientkey.pem'),
  };
}

export function findTlsFilesHere(pkiDirectory: string | null): TlsPaths {
  return findTlsFiles({
    pkiDirectory,
    homeDirectory: homedir(),
    isRoot: process.geteuid?.() === 0,
    exists: existsSync,
  });
}

/** @throws TlsError that names the file which is missing, unreadable, or not what it should be. */
export async function readTlsFiles(
  paths: TlsPaths,
  options: { readonly address: string; readonly verifiesServer: boolean },
): Promise<TlsFiles> {
  const { address } = options;
  const ca = options.verifiesServer ? await readNeeded(address, paths.ca) : null;
  if (ca !== null) parse(address, paths.ca, 'certificate', () => new X509Certificate(ca));
  const crl = options.verifiesServer ? await readIfThere(address, paths.crl) : null;
  if (crl !== null)
    parse(address, paths.crl, 'revocation list', () => createSecureContext({ crl }));
  const [cert, key] = await Promise.all([
    readIfThere(address, paths.cert),
    readIfThere(address, paths.key),
  ]);
  if (cert === null && key === null) return { ca, crl, identity: null };
  if (cert === null || key === null) {
    const missing = cert === null ? paths.cert : paths.key;
    const other = cert === null ? paths.key : paths.cert;
    throw unreadable(address, missing, `${missing} is missing, which belongs to ${other}`);
  }
  const ours = parse(address, paths.cert, 'certificate', () => new X509Certificate(cert));
  const secret = parse(address, paths.key, 'private key', () => createPrivateKey(key));
  if (!ours.checkPrivateKey(secret)) {
    throw unreadable(address, paths.key, `${paths.key} is not the key of ${paths.cert}`);
  }
  return { ca, crl, identity: { cert, key } };
}

async function readNeeded(address: string, path: string): Promise<Buffer> {
  const content = await readIfThere(address, path);
  if (content === null) {
    throw unreadable(address, path, `${path}, with the CA to check the server by, is missing`);
  }
  return content;
}

async function readIfThere(address: string, path: string): Promise<Buffer | null> {
  try {
    const content = await readFile(path);
    if (content.length <= fileBytesMax) return content;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && error.code === 'ENOENT') return null;
    throw unreadable(address, path, `${path} cannot be read: ${error.message}`, error);
  }
  throw unreadable(address, path, `${path} is too long`);
}

function parse<T>(address: string, path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // OpenSSL's own text stays out: it may have been made from the key.
    const needsPassphrase =
      error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE';
    const why = needsPassphrase ? 'is protected by a passphrase' : `holds no ${what} in PEM form`;
    throw unreadable(address, path, `${path} ${why}`);
  }
}

function unreadable(address: string, path: string, text: string, cause?: Error): TlsError {
  return new TlsError(address, { problem: 'unusableFile', path, text, cause });
}
