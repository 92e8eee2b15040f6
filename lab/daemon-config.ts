import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateFlaw } from './certificates.ts';
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
  /** What is wrong with the certificate that libvirtd shows. */
  readonly certificate?: CertificateFlaw | undefined;
  /** What is wrong with the certificate that QEMU shows to the QEMU that sends it a guest. */
  readonly qemuCertificate?: CertificateFlaw | undefined;
  /** Where libvirtd asks for SASL (SCRAM-SHA-256); {@link LabSasl} has the credentials. */
  readonly sasl?: readonly ('tls' | 'unix')[] | undefined;
}

function libvirtdSettings(hostUuid: string): ConfigSettings {
  return {
    host_uuid: hostUuid,
    listen_tls: 1,
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

/** What the overrides beside plain settings mean in libvirtd.conf. */
function derivedSettings({ certificate, sasl }: DaemonOverrides): ConfigSettings {
  return {
    // It would refuse to start with a certificate that is over.
    ...(certificate === undefined ? {} : { tls_no_sanity_certificate: 1 }),
    ...(sasl?.includes('tls') === true ? { auth_tls: 'sasl' } : {}),
    ...(sasl?.includes('unix') === true ? { auth_unix_rw: 'sasl' } : {}),
  };
}

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
  const derived = derivedSettings(overrides);
  const libvirtd = { ...libvirtdSettings(hostUuid), ...derived, ...overrides.libvirtd };
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
