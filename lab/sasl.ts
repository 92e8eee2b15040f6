import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { pathKind } from './path-kind.ts';
import type { HostPaths, LabPaths } from './paths.ts';

/** The credentials of a lab's one SASL user. */
export interface LabSasl {
  readonly username: string;
  readonly password: string;
  /** For `?authfile=` of a connection URI (https://libvirt.org/auth.html#client-configuration). */
  readonly authFile: string;
  /** The same with a password that is not the user's. */
  readonly wrongAuthFile: string;
}

const username = 'lab';

function authentication(password: string): string {
  return [
    '[credentials-lab]',
    `authname=${username}`,
    `password=${password}`,
    '[auth-libvirt-default]',
    'credentials=lab',
    '',
  ].join('\n');
}

/** Makes the lab's SASL user, once, and tells its credentials. */
export async function labSasl(lab: LabPaths): Promise<LabSasl> {
  await mkdir(lab.saslDir, { recursive: true, mode: 0o700 });
  const passwordFile = join(lab.saslDir, 'password');
  if ((await pathKind(passwordFile)) === null) {
    // Whoever is first decides, where two hosts are started at once.
    const drawn = randomBytes(18).toString('base64url');
    await writeFile(passwordFile, drawn, { mode: 0o600, flag: 'wx' }).catch(() => undefined);
  }
  const password = await readFile(passwordFile, 'utf8');
  const authFile = join(lab.saslDir, 'auth.conf');
  const wrongAuthFile = join(lab.saslDir, 'wrong-auth.conf');
  await writeFile(authFile, authentication(password), { mode: 0o600 });
  await writeFile(wrongAuthFile, authentication('not-the-password'), { mode: 0o600 });
  return { username, password, authFile, wrongAuthFile };
}

/** Makes the user known to the host's libvirtd, and the lab's own virsh known as that user. */
export async function installSasl(lab: LabPaths, host: HostPaths): Promise<void> {
  const { password, authFile } = await labSasl(lab);
  await copyFile(authFile, host.witnessAuthFile);
  const settings = ['mech_list: scram-sha-256', 'sasldb_path: /etc/sasl2/lab.db', ''].join('\n');
  await writeFile(join(host.saslDir, 'libvirt.conf'), settings);
  const database = join(host.saslDir, 'lab.db');
  await rm(database, { force: true });
  // libvirt leaves the realm to the library, which takes the host's name in small letters.
  const where = ['-a', 'libvirt', '-u', host.name.toLowerCase(), '-f', database];
  await run('saslpasswd2', ['-p', '-c', ...where, username], { input: password });
}

/** Takes both away again. */
export async function removeSasl(host: HostPaths): Promise<void> {
  for (const file of ['libvirt.conf', 'lab.db'])
    await rm(join(host.saslDir, file), { force: true });
  await rm(host.witnessAuthFile, { force: true });
}
