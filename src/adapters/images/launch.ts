import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { parseUri } from 'node-libvirt';
import type { SshEndpoint } from 'node-libvirt';
import { toShellCommand } from './shell-words.ts';

/** Starts a program on a host, with pipes for its input, output and errors. */
export type Launch = (file: string, args: readonly string[]) => ChildProcess;

/** How long ssh may take to connect, and how long it waits for a host that has fallen silent. */
const silence = ['ConnectTimeout=10', 'ServerAliveInterval=5', 'ServerAliveCountMax=3'];

const hostKeyChecks = { askConfig: [], acceptNew: ['accept-new'], off: ['no'] } as const;

/**
 * How programs are run on the host of a connection URI: here where its daemon is here, by ssh where
 * the daemon is reached by ssh; `null` where nothing but the daemon answers (tcp, tls). `start` starts
 * programs on this machine, as ssh is one.
 *
 * @throws InvalidUriError of node-libvirt
 */
export function launcherFor(uri: string, start: Launch = launch): Launch | null {
  const [endpoint] = parseUri(uri).endpoints;
  switch (endpoint?.kind) {
    case 'unix':
      return start;
    case 'ssh':
      return (file, args) => start(endpoint.program, sshArguments(endpoint, [file, ...args]));
    case 'tcp':
    case 'tls':
    case undefined:
      return null;
  }
}

/** Its daemon is on this machine. @throws InvalidUriError of node-libvirt */
export function isHere(uri: string): boolean {
  return parseUri(uri).endpoints[0]?.kind === 'unix';
}

/**
 * In a session of its own: Ctrl-C on our terminal is for us, and what we ask for then may need its
 * tool to go on.
 */
function launch(file: string, args: readonly string[]): ChildProcess {
  return spawn(file, args, { cwd: '/', detached: true, stdio: 'pipe' });
}

/** The same options as the connection to the daemon has; nothing is ever asked of a person. */
export function sshArguments(endpoint: SshEndpoint, words: readonly string[]): string[] {
  const { tcpPort, user, keyFile, knownHostsFile, hostKeyCheck } = endpoint;
  const options = [
    'BatchMode=yes',
    ...silence,
    ...hostKeyChecks[hostKeyCheck].map((check) => `StrictHostKeyChecking=${check}`),
    // A file that is named is the one to believe, and no other.
    ...(knownHostsFile === null
      ? []
      : [`UserKnownHostsFile=${knownHostsFile}`, 'GlobalKnownHostsFile=/dev/null']),
  ];
  return [
    ...(tcpPort === null ? [] : ['-p', String(tcpPort)]),
    ...(user === null ? [] : ['-l', user]),
    '-T',
    '-e',
    'none',
    ...options.flatMap((option) => ['-o', option]),
    ...(keyFile === null ? [] : ['-i', keyFile]),
    '--',
    endpoint.host,
    toShellCommand(words),
  ];
}
