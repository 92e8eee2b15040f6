import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import { migrationLogFilters } from './migration-truth.ts';
import type { HostPaths } from './paths.ts';
import { toXml } from './xml-tree.ts';

/** A value in libvirtd.conf or qemu.conf. */
export type ConfigValue = string | number | readonly string[];
/** Settings by their names in libvirtd.conf or qemu.conf. */
export type ConfigSettings = Readonly<Record<string, ConfigValue>>;

/**
 * Settings on top of the lab's own, for instance `{ qemu: { keepalive_interval: 20,
 * keepalive_count: 1 } }`.
 */
export interface DaemonOverrides {
  readonly libvirtd?: ConfigSettings | undefined;
  readonly qemu?: ConfigSettings | undefined;
}

function libvirtdSettings(hostUuid: string): ConfigSettings {
  return {
    host_uuid: hostUuid,
    listen_tls: 0,
    listen_tcp: 1,
    listen_addr: '0.0.0.0',
    auth_tcp: 'none',
    auth_unix_rw: 'none',
    unix_sock_rw_perms: '0777',
    log_filters: migrationLogFilters,
    log_outputs: '1:file:/var/log/libvirt/libvirtd.log',
  };
}

const qemuSettings: ConfigSettings = {
  user: 'root',
  group: 'root',
  security_driver: 'none',
  cgroup_controllers: [],
  namespaces: [],
  stdio_handler: 'file',
};

function render(settings: ConfigSettings): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}\n`);
  return lines.join('');
}

function quote(value: ConfigValue): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return `[${value.map(quote).join(', ')}]`;
  if (/["\n]/.test(value)) throw new LabError(`libvirt's configuration cannot hold '${value}'`);
  return `"${value}"`;
}

/** Writes both configuration files of a host's daemon. */
export async function writeDaemonConfig(
  host: HostPaths,
  hostUuid: string,
  overrides: DaemonOverrides,
): Promise<void> {
  const libvirtd = { ...libvirtdSettings(hostUuid), ...overrides.libvirtd };
  await writeFile(join(host.etcDir, 'libvirtd.conf'), render(libvirtd));
  await writeFile(join(host.etcDir, 'qemu.conf'), render({ ...qemuSettings, ...overrides.qemu }));
}

/**
 * Defines the pool `images`, active from the daemon's first start, so that storage copies can be
 * made in it.
 */
export async function writeImagesPool(host: HostPaths, poolUuid: string): Promise<void> {
  const pool = toXml({
    name: 'pool',
    attributes: { type: 'dir' },
    children: [
      { name: 'name', children: ['images'] },
      { name: 'uuid', children: [poolUuid] },
      { name: 'source' },
      {
        name: 'target',
        children: [{ name: 'path', children: ['/var/lib/libvirt/images'] }],
      },
    ],
  });
  await writeFile(join(host.etcDir, 'storage', 'images.xml'), pool);
  await symlink(
    '/etc/libvirt/storage/images.xml',
    join(host.etcDir, 'storage', 'autostart', 'images.xml'),
  );
}

/** Fills the host's /etc/hosts in place, because the file itself is bound into the namespace. */
export async function writeHostsFile(
  host: HostPaths,
  addresses: ReadonlyMap<string, string>,
): Promise<void> {
  const lines = [...addresses].map(([name, address]) => `${address} ${name}\n`);
  await writeFile(host.hostsFile, `127.0.0.1 localhost\n${lines.join('')}`);
}
