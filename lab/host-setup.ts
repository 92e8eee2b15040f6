import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDaemonConfig, writeImagesPool } from './daemon-config.ts';
import type { DaemonOverrides } from './daemon-config.ts';
import { createHostDirectories } from './host-namespace.ts';
import type { SystemRoot } from './host-namespace.ts';
import { hostNamesOf, writeHostsFile } from './host-names.ts';
import { hostAddresses } from './lab-state.ts';
import type { HostState, LabState } from './lab-state.ts';
import { newerSystemRoot } from './newer-system.ts';
import type { HostPaths, LabPaths } from './paths.ts';
import { installCertificates } from './pki.ts';
import { installSasl, removeSasl } from './sasl.ts';
import { installSsh } from './ssh.ts';

/** A host, the lab that it is part of, and where both are kept. */
export interface HostPlace {
  readonly lab: LabPaths;
  readonly state: LabState;
  readonly own: HostState;
  readonly paths: HostPaths;
}

/** The system from which the host's programs come. */
export function systemRoot(own: HostState): SystemRoot {
  return own.generation === 'newer' ? newerSystemRoot() : '';
}

/** Fills the directories of a new host, or of one that was emptied. */
export async function layOutHost({ lab, state, own, paths }: HostPlace): Promise<void> {
  await createHostDirectories(paths);
  await writeHostsFile(paths, state, 'all');
  await writeImagesPool(paths, own.uuid);
  await installSsh(lab, paths, systemRoot(own));
}

/** Takes away what a host and its guests have written; what it has found out about QEMU stays. */
export async function emptyHost({ etcDir, runDir, libDir, logDir }: HostPaths): Promise<void> {
  for (const directory of [etcDir, runDir, libDir, logDir]) {
    // The directory itself stays, because it is bound into the host's namespace.
    for (const entry of await readdir(directory)) {
      await rm(join(directory, entry), { recursive: true, force: true });
    }
  }
}

/** Writes everything that the host's libvirtd reads when it starts. */
export async function configureDaemon(
  { lab, state, own, paths }: HostPlace,
  overrides: DaemonOverrides,
): Promise<void> {
  const addresses = hostAddresses(state, own.name);
  await Promise.all([
    writeDaemonConfig(paths, own.uuid, overrides),
    installCertificates(
      lab,
      { paths, names: hostNamesOf(own.name), addresses: Object.values(addresses) },
      { libvirtd: overrides.certificate ?? null, qemu: overrides.qemuCertificate ?? null },
    ),
    overrides.sasl === undefined ? removeSasl(paths) : installSasl(lab, paths),
  ]);
}
