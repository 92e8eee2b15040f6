import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCeph } from './availability.ts';
import { plainEnvironment, run } from './command.ts';
import { onHost } from './host-namespace.ts';
import { startServer } from './host-process.ts';
import { LabError } from './lab-error.ts';
import type { HostPaths } from './paths.ts';

/** A Ceph cluster of one monitor and one OSD, which keeps everything in memory. */
export interface LabCeph {
  readonly monitor: { readonly name: string; readonly port: number };
  readonly pool: string;
  /** Who may use its images, and the key that proves it, in base64. */
  readonly user: string;
  readonly key: string;
}

const pool = 'volumes';
const user = 'libvirt';
const port = 6789;
const memoryBytes = 2 ** 29;
const monitors = (address: string): string => `[v2:${address}:3300,v1:${address}:${port}]`;

/** What whoever speaks to the cluster has to know. */
function clientSettings(fsid: string, address: string): string[] {
  const required = ['cluster', 'service', 'client'].map((who) => `auth_${who}_required = cephx`);
  return ['[global]', `fsid = ${fsid}`, `mon_host = ${monitors(address)}`, ...required];
}

function daemonSettings(directory: string, address: string): string[] {
  return [
    `keyring = ${join(directory, 'keyring')}`,
    `public_addr = ${address}`,
    'osd_pool_default_size = 1',
    'osd_pool_default_min_size = 1',
    'osd_pool_default_pg_autoscale_mode = off',
    'mon_allow_pool_size_one = true',
    'osd_crush_chooseleaf_type = 0',
    'osd_objectstore = memstore',
    `memstore_device_bytes = ${memoryBytes}`,
    `mon_data = ${join(directory, 'mon')}`,
    `osd_data = ${join(directory, 'osd')}`,
    `run_dir = ${directory}`,
    `admin_socket = ${join(directory, '$name.asok')}`,
    `log_file = ${join(directory, '$name.log')}`,
    `mon_cluster_log_file = ${join(directory, 'cluster.log')}`,
  ];
}

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`;

/** Everybody's rights. */
const rights = [
  ['mon.', ['--cap', 'mon', 'allow *']],
  ['client.admin', ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *']],
  ['osd.0', ['--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *']],
  [`client.${user}`, ['--cap', 'mon', 'profile rbd', '--cap', 'osd', 'profile rbd']],
] as const;

/**
 * Starts a new cluster on a host, in some 5 s, and tells the host's own /etc/ceph of it: of the user
 * there, not of its administrator. It ends with the host's other processes, and with it all that is
 * kept there.
 *
 * @throws {LabError} when packages are missing, or a daemon ends at once; {CommandError} when one does not answer.
 */
export async function startCeph(host: HostPaths, address: string): Promise<LabCeph> {
  await requireCeph();
  const directory = join(host.dir, 'ceph');
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'osd'), { recursive: true });
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const settings = clientSettings(fsid, address);
  const at = (name: string): string => join(directory, name);
  await writeFile(at('ceph.conf'), lines([...settings, ...daemonSettings(directory, address)]));
  await writeFile(
    at('client.conf'),
    lines([...settings, `[client.${user}]`, `keyring = ${at('client.keyring')}`]),
  );

  const environment = { ...plainEnvironment, CEPH_CONF: at('ceph.conf') };
  const call = (file: string, ...args: string[]): Promise<string> =>
    run('nsenter', [...onHost(host), file, ...args], { environment });
  const serve = async (program: string, id: string): Promise<void> => {
    const words = [program, '-f', '-i', id, '-c', at('ceph.conf')];
    if ((await startServer(host, words, at(`${program}.out`))) === null)
      throw new LabError(`${program} of ${host.name} ended at once (${directory})`);
  };

  for (const [name, caps] of rights) {
    const create = name === 'mon.' ? ['--create-keyring'] : [];
    await call('ceph-authtool', ...create, at('keyring'), '--gen-key', '-n', name, ...caps);
  }
  const key = (await call('ceph-authtool', '-p', '-n', `client.${user}`, at('keyring'))).trim();
  await writeFile(at('client.keyring'), lines([`[client.${user}]`, `key = ${key}`]));
  const members = ['--fsid', fsid, '--addv', 'a', monitors(address)];
  await call('monmaptool', '--create', ...members, at('monmap'));
  await call('ceph-mon', '--mkfs', '-i', 'a', '--monmap', at('monmap'));
  await serve('ceph-mon', 'a');
  await call('ceph', 'osd', 'new', osd);
  await call('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
  await serve('ceph-osd', '0');
  await call('ceph', 'osd', 'pool', 'create', pool, '8');
  // Done when the OSD has answered.
  await call('rbd', 'pool', 'init', pool);
  await call('mkdir', '--parents', '/etc/ceph');
  await call('ln', '--symbolic', '--force', at('client.conf'), '/etc/ceph/ceph.conf');
  return { monitor: { name: address, port }, pool, user, key };
}
