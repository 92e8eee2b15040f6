import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '../src/index.ts';

/** Without one, the host's name would be part of the user's. */
const realm = 'virtstate';

/** What SCRAM's own signs, an auth file, or a preparation of strings could stumble over. */
export const fred: Credentials = { username: `fred,o=x@${realm}`, password: 'päss, w=ﬁne#; 1' };
/** Nobody whom the daemon knows. */
export const stranger: Credentials = { username: `nobody@${realm}`, password: fred.password };

/** Lets an own daemon, whose directory this is, know {@link fred}, by SCRAM-SHA-256. */
export async function admitFred(directory: string): Promise<void> {
  const database = join(directory, 'sasl2', 'passwd.db');
  const [name] = fred.username.split('@');
  const args = ['-p', '-c', '-a', 'libvirt', '-f', database, '-u', realm, name ?? ''];
  const child = spawn('saslpasswd2', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(fred.password);
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`saslpasswd2 ended with ${String(code)}`);
  const lines = ['mech_list: scram-sha-256', `sasldb_path: ${database}`, ''];
  await writeFile(join(directory, 'sasl2', 'libvirt.conf'), lines.join('\n'));
}
