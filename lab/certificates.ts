import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { pathKind } from './path-kind.ts';
import type { LabPaths } from './paths.ts';

/**
 * What is wrong with a certificate: its time is over; another authority has signed it; it is
 * another machine's.
 */
export type CertificateFlaw = 'expired' | 'otherCa' | 'wrongName';

/** Whose certificate it shall be, and what for. */
export interface CertificateRequest {
  readonly subject: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly usage: 'serverAuth' | 'clientAuth';
  readonly flaw: CertificateFlaw | null;
}

/** A certificate and its private key, as PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const validDays = 3650;
// Elliptic curves, because keys of RSA take longer to make than a lab to come up.
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function filesIn(directory: string): Certificate {
  return { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
}

/** Makes a directory whole or not at all; one that is there already stays. */
async function makeOnce(
  directory: string,
  fill: (files: Certificate) => Promise<unknown>,
): Promise<Certificate> {
  if ((await pathKind(directory)) !== null) return filesIn(directory);
  await mkdir(join(directory, '..'), { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(`${directory}-`);
  await fill(filesIn(draft));
  // Two may ask for one at a time: whoever renames first wins, and both are as good.
  await rename(draft, directory).catch(() => rm(draft, { recursive: true }));
  return filesIn(directory);
}

/** An authority of the lab: the one that all hosts trust, or another one that none does. */
export function certificateAuthority(
  lab: LabPaths,
  which: 'trusted' | 'other',
): Promise<Certificate> {
  return makeOnce(join(lab.pkiDir, `${which}-ca`), ({ certificate, key }) => {
    const files = ['-keyout', key, '-out', certificate, '-days', String(validDays)];
    const subject = ['-subj', `/O=lab ${lab.name}/CN=${which} authority`];
    const may = ['-addext', 'basicConstraints=critical,CA:TRUE'];
    const use = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    return run('openssl', ['req', '-x509', ...newKey, ...files, ...subject, ...may, ...use]);
  });
}

/** Issues a certificate, once for each subject, usage and flaw. */
export async function issueCertificate(
  lab: LabPaths,
  request: CertificateRequest,
): Promise<Certificate> {
  const { subject, usage, flaw } = request;
  const authority = await certificateAuthority(lab, flaw === 'otherCa' ? 'other' : 'trusted');
  const directory = join(lab.pkiDir, `${subject}-${usage}-${flaw ?? 'right'}`);
  return makeOnce(directory, async ({ certificate, key }) => {
    const alternatives =
      flaw === 'wrongName'
        ? ['DNS:elsewhere.example']
        : [...request.names.map((n) => `DNS:${n}`), ...request.addresses.map((a) => `IP:${a}`)];
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      // libvirt 9.0 asks servers for key encipherment too, which elliptic curves have no use for.
      'keyUsage=critical,digitalSignature,keyEncipherment',
      `extendedKeyUsage=${usage}`,
      ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
    ].flatMap((extension) => ['-addext', extension]);
    const named = ['-subj', `/O=lab ${lab.name}/CN=${subject}`, ...extensions];
    const asked = await run('openssl', ['req', '-new', ...newKey, '-keyout', key, ...named]);
    const signer = ['-CA', authority.certificate, '-CAkey', authority.key];
    const days = String(flaw === 'expired' ? -1 : validDays);
    const rest = ['-days', days, '-copy_extensions', 'copy', '-out', certificate];
    await run('openssl', ['x509', '-req', ...signer, ...rest], { input: asked });
  });
}
