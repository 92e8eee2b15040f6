import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.ts';
import { safeSystemRoot } from './host-namespace.ts';
import type { SystemRoot } from './host-namespace.ts';
import { recordedProcess, startServer } from './host-process.ts';
import { LabError } from './lab-error.ts';
import { hostNamesOf } from './host-names.ts';
import { hostAddresses, writeJson } from './lab-state.ts';
import type { LabState } from './lab-state.ts';
import { pathKind } from './path-kind.ts';
import type { HostPaths, LabPaths } from './paths.ts';
import { processState } from './process-identity.ts';

/** Whose host keys a client knows: every host's, nobody's, or for every host a key it has not. */
export type KnownHosts = 'all' | 'none' | 'changed';

const startTimeoutMs = 15_000;

/** The client's private key; every host lets its owner in as root. */
export function sshKeyFile(lab: LabPaths): string {
  return join(lab.sshDir, 'id_ed25519');
}

/** A file of known hosts, for `?known_hosts=` of a connection URI. */
export function knownHostsFile(lab: LabPaths, known: KnownHosts): string {
  return join(lab.sshDir, `known_hosts-${known}`);
}

function hostKeyFile(lab: LabPaths, hostName: string): string {
  return join(lab.sshDir, `${hostName}-host-key`);
}

async function makeKey(file: string): Promise<void> {
  if ((await pathKind(file)) !== null) return;
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
}

/** Makes the keys of a lab that are missing, and the files of known hosts. */
export async function prepareSsh(lab: LabPaths, state: LabState): Promise<void> {
  await mkdir(lab.sshDir, { recursive: true, mode: 0o700 });
  const names = state.hosts.map(({ name }) => name);
  const files = [sshKeyFile(lab), ...names.map((name) => hostKeyFile(lab, name))];
  await Promise.all(files.map(makeKey));
  const clientKey = await readFile(`${sshKeyFile(lab)}.pub`, 'utf8');
  const lines = await Promise.all(
    names.map(async (name) => {
      const key = await readFile(`${hostKeyFile(lab, name)}.pub`, 'utf8');
      const aliases = [...hostNamesOf(name), ...Object.values(hostAddresses(state, name))];
      return { all: `${aliases.join()} ${key}`, changed: `${aliases.join()} ${clientKey}` };
    }),
  );
  await writeFile(knownHostsFile(lab, 'all'), lines.map(({ all }) => all).join(''));
  await writeFile(knownHostsFile(lab, 'changed'), lines.map(({ changed }) => changed).join(''));
  await writeFile(knownHostsFile(lab, 'none'), '');
}

/** Chooses what ssh on this host knows when nobody tells it a file: virsh's, or the daemon's. */
export async function setKnownHosts(
  lab: LabPaths,
  host: HostPaths,
  known: KnownHosts,
): Promise<void> {
  await copyFile(knownHostsFile(lab, known), join(host.sshDir, 'known_hosts'));
}

function serverConfig(host: HostPaths, root: SystemRoot): string {
  return [
    'Port 22',
    'HostKey /etc/ssh/host_key',
    `PidFile ${host.sshdPidFile}`,
    'AuthorizedKeysFile /etc/ssh/authorized_keys',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    // Tests open many at a time.
    'MaxStartups 100',
    ...(root === '' ? [] : [`ChrootDirectory ${safeSystemRoot}`]),
    '',
  ].join('\n');
}

/**
 * As user's files, so that a file of known hosts on ssh's command line replaces the host's own;
 * /etc/ssh/ssh_known_hosts would be read in any case.
 */
const clientConfig = [
  'Host *',
  '  UserKnownHostsFile /etc/ssh/known_hosts',
  '  StrictHostKeyChecking yes',
  '  BatchMode yes',
  '',
].join('\n');

/** Fills a host's /etc/ssh. */
export async function installSsh(lab: LabPaths, host: HostPaths, root: SystemRoot): Promise<void> {
  const inPlace = (file: string): string => join(host.sshDir, file);
  await Promise.all([
    writeFile(inPlace('sshd_config'), serverConfig(host, root)),
    writeFile(inPlace('ssh_config'), clientConfig),
    copyFile(`${sshKeyFile(lab)}.pub`, inPlace('authorized_keys')),
    copyFile(hostKeyFile(lab, host.name), inPlace('host_key')),
    setKnownHosts(lab, host, 'all'),
  ]);
  await chmod(inPlace('host_key'), 0o600);
}

/**
 * Starts the host's sshd where it does not run, and waits until it listens. Sessions on a host of
 * the newer generation are in that system.
 * @throws {LabError} when it does not listen within 15 s.
 */
export async function startSshd(host: HostPaths): Promise<void> {
  const recorded = await recordedProcess(host.sshdFile);
  if (recorded !== null && (await processState(recorded)) !== 'gone') return;
  await rm(host.sshdPidFile, { force: true });
  // sshd starts itself again for each connection and asks for its full path therefore.
  const words = ['/usr/sbin/sshd', '-D', '-e', '-f', '/etc/ssh/sshd_config'];
  const server = await startServer(host, words, host.sshdLog);
  if (server !== null) await writeJson(host.sshdFile, server);
  const deadlineMs = performance.now() + startTimeoutMs;
  // It writes its number once it listens.
  while ((await pathKind(host.sshdPidFile)) === null) {
    const ended = server === null || (await processState(server)) === 'gone';
    if (ended || performance.now() > deadlineMs) {
      throw new LabError(`sshd of ${host.name} does not come up: see ${host.sshdLog}`);
    }
    await sleep(5);
  }
}
