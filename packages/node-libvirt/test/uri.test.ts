import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidUriError, parseUri, type UriEnvironment } from '../src/index.ts';

const environment: UriEnvironment = {
  runtimeDirectory: '/run/user/1000',
  cacheDirectory: undefined,
  homeDirectory: '/home/me',
};
const parse = (uri: string): unknown => parseUri(uri, environment);
const paths = (given: UriEnvironment): unknown =>
  parseUri('qemu:///session', given).endpoints.map(
    (endpoint) => 'path' in endpoint && endpoint.path,
  );

describe('parseUri', () => {
  it('tries the modular daemon before the monolithic one', () => {
    expect(parse('qemu:///system')).toEqual({
      driverUri: 'qemu:///system',
      endpoints: [
        { kind: 'unix', path: '/run/libvirt/virtqemud-sock' },
        { kind: 'unix', path: '/run/libvirt/libvirt-sock' },
      ],
    });
    expect(parse('qemu+unix:///system')).toEqual(parse('qemu:///system'));
  });

  it('looks for a session daemon where libvirt puts it', () => {
    expect(paths(environment)).toEqual([
      '/run/user/1000/libvirt/virtqemud-sock',
      '/run/user/1000/libvirt/libvirt-sock',
    ]);
    const bare = { ...environment, runtimeDirectory: undefined };
    expect(paths(bare)).toContain('/home/me/.cache/libvirt/libvirt-sock');
    expect(paths({ ...bare, cacheDirectory: '/cache' })).toContain('/cache/libvirt/libvirt-sock');
  });

  it('takes the socket as it is named, decoding only %XX', () => {
    expect(parse('qemu+unix:///system?socket=/a%20b/c+d')).toEqual({
      driverUri: 'qemu:///system',
      endpoints: [{ kind: 'unix', path: '/a b/c+d' }],
    });
  });

  it('reaches the test driver through a daemon', () => {
    expect(parse('test+unix:///default?socket=/s')).toEqual({
      driverUri: 'test:///default',
      endpoints: [{ kind: 'unix', path: '/s' }],
    });
    expect(parse('test+unix:///default')).toEqual({
      driverUri: 'test:///default',
      endpoints: [{ kind: 'unix', path: '/run/libvirt/libvirt-sock' }],
    });
  });

  it.each([
    ['qemu+tcp://host/system', 'host', 16_509],
    ['qemu+tcp://10.0.0.1:1234/system', '10.0.0.1', 1_234],
    ['qemu+tcp://[fe80::1]:7/session', 'fe80::1', 7],
  ])('%s', (uri, host, tcpPort) => {
    expect(parseUri(uri, environment).endpoints).toEqual([{ kind: 'tcp', host, tcpPort }]);
  });

  it.each([
    ['qemu+ssh://root@host/system', '"ssh" is not supported yet'],
    ['qemu+tls://host/system', '"tls" is not supported yet'],
    ['qemu+pigeon://host/system', '"pigeon" is unknown'],
    ['xen:///system', 'driver "xen"'],
    ['qemu:///elsewhere', '"/elsewhere" is not /system or /session'],
    ['qemu://host/system', 'needs a transport'],
    ['qemu+tcp:///system', 'needs a host'],
    ['qemu+tcp://host:0/system', 'port 0'],
    ['qemu+tcp://host/system?socket=/x', 'belongs to transport unix'],
    ['qemu+tcp://me@host/system', 'user name'],
    ['qemu+unix:///system?socket=relative', 'absolute path'],
    ['qemu+unix:///system?socket=/a%00b', 'absolute path'],
    ['qemu+unix:///system?socket=/a%zz', '% escape'],
    ['qemu+unix:///system?mode=legacy', '"mode" is not supported'],
    ['qemu:///system#x', 'fragment'],
    ['test:///default', 'test+unix:///default'],
    ['constructor:///system', 'driver "constructor"'],
    ['/var/run/libvirt', 'form'],
    ['', 'form'],
  ])('refuses %s and says why', (uri, reason) => {
    expect(() => parse(uri)).toThrow(InvalidUriError);
    expect(() => parse(uri)).toThrow(reason);
  });

  it('does not repeat a password in its error', () => {
    expect(() => parse('qemu+tcp://me:sesame@host/system')).not.toThrow('sesame');
    expect(() => parse('qemu+ssh://me:sesame@host/system')).not.toThrow('sesame');
  });

  it('answers any text with a target or an InvalidUriError', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `qemu+tcp://${rest}`),
      fc.string().map((rest) => `qemu+unix:///system?${rest}`),
    );
    fc.assert(
      fc.property(text, (uri) => {
        try {
          expect(parseUri(uri, environment).endpoints.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidUriError);
        }
      }),
    );
  });
});
