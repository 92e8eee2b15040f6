import type { HostKeyCheck, SshEndpoint, SshProxy } from './endpoint.ts';

const strictHostKeyChecking: Readonly<Record<HostKeyCheck, string | null>> = {
  askConfig: null,
  acceptNew: 'accept-new',
  off: 'no',
};

/**
 * The arguments for ssh. Nothing is ever asked of a person (BatchMode), no byte is an escape (`-e none`), and there is no
 * terminal (`-T`). What comes from the URI was checked when it was read, see {@link UriParameters}.
 */
export function sshArguments(endpoint: SshEndpoint): string[] {
  const { tcpPort, user, keyFile, knownHostsFile } = endpoint;
  const strict = strictHostKeyChecking[endpoint.hostKeyCheck];
  return [
    ...(tcpPort === null ? [] : ['-p', String(tcpPort)]),
    ...(user === null ? [] : ['-l', user]),
    '-T',
    '-e',
    'none',
    '-o',
    'BatchMode=yes',
    ...(strict === null ? [] : ['-o', `StrictHostKeyChecking=${strict}`]),
    // A file that is named is the one to believe, and no other.
    ...(knownHostsFile === null
      ? []
      : ['-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'GlobalKnownHostsFile=/dev/null']),
    ...(keyFile === null ? [] : ['-i', keyFile]),
    '--',
    endpoint.host,
    remoteCommand(endpoint.proxy),
  ];
}

/** For the login shell of the other side, whichever that is: hence `sh -c`, and no single quote inside. */
function remoteCommand(proxy: SshProxy): string {
  switch (proxy.kind) {
    case 'native':
      return helper(proxy.driverUri);
    case 'netcat':
      return `sh -c '${netcatScript(proxy)}'`;
    case 'auto':
      return `sh -c '${[
        'if command -v virt-ssh-helper >/dev/null 2>&1',
        `then exec ${helper(proxy.driverUri)}`,
        `else ${netcatScript(proxy)}`,
        'fi',
      ].join('; ')}'`;
  }
}

function helper(driverUri: string): string {
  return `virt-ssh-helper ${driverUri}`;
}

/**
 * Debian's netcat stays when its input has ended, unless it gets `-q 0`; that of others ends by itself and does not know
 * the option.
 */
function netcatScript({ netcat, sockets }: { netcat: string; sockets: readonly string[] }): string {
  return [
    `for S in ${sockets.join(' ')}; do if [ -S $S ]; then break; fi; done`,
    `if ${netcat} -q 2>&1 </dev/null | grep "requires an argument" >/dev/null`,
    `then exec ${netcat} -q 0 -U $S`,
    `else exec ${netcat} -U $S`,
    'fi',
  ].join('; ');
}
