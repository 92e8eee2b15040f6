import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Of a certificate: for what names, and valid for how long; a negative number is the past. */
export interface CertificateOptions {
  readonly names?: string;
  readonly days?: number;
}

/** A certificate authority in a directory of its own, made by openssl. */
export class CertificateAuthority {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'cacert.pem');
  }

  static async create(directory: string): Promise<CertificateAuthority> {
    const ca = new CertificateAuthority(directory);
    await mkdir(directory);
    const subject = ['-days', '2', '-subj', '/CN=test CA'];
    const output = ['-keyout', join(directory, 'ca.key'), '-out', ca.path];
    const extensions = [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    await run('openssl', ['req', '-x509', ...newKey, ...subject, ...output, ...added]);
    return ca;
  }

  /** Makes a certificate and its key at these paths. */
  async issue(cert: string, key: string, options: CertificateOptions = {}): Promise<void> {
    const { names = 'IP:127.0.0.1', days = 2 } = options;
    const [request, extensions] = [`${cert}.csr`, `${cert}.ext`];
    const subject = ['-subj', '/CN=virtstate test'];
    await run('openssl', ['req', ...newKey, ...subject, '-keyout', key, '-out', request]);
    const lines = [
      `subjectAltName=${names}`,
      'basicConstraints=CA:FALSE',
      'keyUsage=digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
    ];
    await writeFile(extensions, lines.join('\n'));
    const ca = ['-CA', this.path, '-CAkey', join(this.#directory, 'ca.key'), '-CAcreateserial'];
    const input = ['-in', request, '-extfile', extensions, '-days', String(days)];
    await run('openssl', ['x509', '-req', ...ca, ...input, '-out', cert]);
  }

  /** Makes the list of what this CA has revoked: these certificates. */
  async revoke(certs: readonly string[], list: string): Promise<void> {
    const config = join(this.#directory, 'ca.conf');
    const database = join(this.#directory, 'revoked');
    await writeFile(database, '');
    await writeFile(
      config,
      `[ca]\ndefault_ca=all\n[all]\ndatabase=${database}\ndefault_md=sha256\ndefault_crl_days=2\n`,
    );
    const by = ['-config', config, '-cert', this.path, '-keyfile', join(this.#directory, 'ca.key')];
    for (const cert of certs) await run('openssl', ['ca', ...by, '-revoke', cert]);
    await run('openssl', ['ca', ...by, '-gencrl', '-out', list]);
  }
}
