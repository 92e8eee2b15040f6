import { describe, expect, it } from 'vitest';
import { parseUri } from '../src/index.ts';
import { sshArguments } from '../src/transport/ssh-command.ts';

function argumentsOf(uri: string): string[] {
  const [endpoint] = parseUri(uri).endpoints;
  if (endpoint?.kind !== 'ssh') throw new Error('not ssh');
  return sshArguments(endpoint);
}

const always = ['-T', '-e', 'none', '-o', 'BatchMode=yes'];

describe('sshArguments', () => {
  it('ends the options before the host, and runs one command', () => {
    expect(argumentsOf('qemu+ssh://host/system?proxy=native')).toEqual([
      ...always,
      '--',
      'host',
      'virt-ssh-helper qemu:///system',
    ]);
  });

  it('passes on what the URI says', () => {
    const parameters = 'proxy=native&keyfile=/k&known_hosts=/h&known_hosts_verify=auto';
    const given = argumentsOf(`qemu+ssh://me@[::1]:2222/session?${parameters}`);
    expect(given.join(' ')).toBe(
      [
        '-p 2222 -l me',
        always.join(' '),
        '-o StrictHostKeyChecking=accept-new',
        '-o UserKnownHostsFile=/h -o GlobalKnownHostsFile=/dev/null',
        '-i /k -- ::1 virt-ssh-helper qemu:///session',
      ].join(' '),
    );
  });

  it('turns the check of the host key off on request', () => {
    expect(argumentsOf('qemu+ssh://host/system?no_verify=1')).toContain('StrictHostKeyChecking=no');
  });

  it('leaves nothing in the remote command for a shell to misread', () => {
    for (const proxy of ['auto', 'netcat']) {
      const command = argumentsOf(`qemu+ssh://host/system?proxy=${proxy}&netcat=/opt/nc`).at(-1);
      expect(command).toMatch(/^sh -c '[^'!`\\]*'$/);
    }
  });
});
