import { parseUri } from 'node-libvirt';
import { describe, expect, test } from 'vitest';
import { hostImages } from '../../../../src/adapters/images/index.ts';
import { launcherFor, sshArguments } from '../../../../src/adapters/images/launch.ts';
import { toFailure } from '../../../../src/ports/failure.ts';

const unending = new AbortController().signal;

describe('where the tools of a host run', () => {
  test.each([
    'qemu:///system',
    'qemu:///session',
    'qemu+unix:///system?socket=/run/other/libvirt-sock',
    'qemu+ssh://root@host/system',
  ])('%s can be reached', (uri) => {
    expect(launcherFor(uri)).not.toBeNull();
  });

  test.each(['qemu+tcp://host/system', 'qemu+tls://host/system', 'qemu://host/system'])(
    '%s cannot, and the failure says what to do',
    async (uri) => {
      const failure = await hostImages(uri).readText('/d/a', unending).catch(toFailure);
      expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'none' });
      expect(failure).toMatchObject({ message: expect.stringContaining('use qemu+ssh') });
    },
  );

  test('what is no URI is told like everywhere', () => {
    const failure = { code: 'invalidUri', effect: 'none' };
    const told = expect.objectContaining({ failure: expect.objectContaining(failure) });
    expect(() => hostImages('nonsense')).toThrow(told);
  });

  test('ssh asks nobody, believes the named file, and gets one quoted command', () => {
    const uri =
      'qemu+ssh://me@host:2222/system?keyfile=/k/id&known_hosts=/k/known&known_hosts_verify=auto';
    const [endpoint] = parseUri(uri).endpoints;
    if (endpoint?.kind !== 'ssh') throw new Error('not by ssh');
    const args = sshArguments(endpoint, ['qemu-img', 'info', "/d/it's"]);
    expect(args.slice(0, 7)).toEqual(['-p', '2222', '-l', 'me', '-T', '-e', 'none']);
    expect(args).toEqual(expect.arrayContaining(['BatchMode=yes', 'ServerAliveInterval=5']));
    expect(args).toContain('StrictHostKeyChecking=accept-new');
    expect(args).toContain('UserKnownHostsFile=/k/known');
    expect(args.slice(-5)).toEqual([
      '-i',
      '/k/id',
      '--',
      'host',
      String.raw`'qemu-img' 'info' '/d/it'\''s'`,
    ]);
  });
});
