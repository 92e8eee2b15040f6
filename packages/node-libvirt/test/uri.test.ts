import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidUriError, parseUri, type Endpoint, type UriEnvironment } from '../src/index.ts';

const environment: UriEnvironment = {
  runtimeDirectory: '/run/user/1000',
  cacheDirectory: undefined,
  homeDirectory: '/home/me',
};
const parse = (uri: string): unknown => parseUri(uri, environment);
const endpoint = (uri: string): Endpoint | undefined => parseUri(uri, environment).endpoints[0];
const login = { host: 'localhost', username: null, authFile: null };
const paths = (given: UriEnvironment): unknown =>
  parseUri('qemu:///session', given).endpoints.map((tried) => 'path' in tried && tried.path);

describe('parseUri', () => {
  it('tries the modular daemon before the monolithic one', () => {
    expect(parse('qemu:///system')).toEqual({
      driverUri: 'qemu:///system',
      login,
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
      login,
      endpoints: [{ kind: 'unix', path: '/a b/c+d' }],
    });
  });

  it('reaches the test driver through a daemon', () => {
    expect(parse('test+unix:///default?socket=/s')).toEqual({
      driverUri: 'test:///default',
      login,
      endpoints: [{ kind: 'unix', path: '/s' }],
    });
    expect(parse('test+unix:///default')).toEqual({
      driverUri: 'test:///default',
      login,
      endpoints: [{ kind: 'unix', path: '/run/libvirt/libvirt-sock' }],
    });
  });

  it('takes TLS as it is by default, and as it is asked for', () => {
    expect(endpoint('qemu+tls://host/system')).toEqual({
      kind: 'tls',
      host: 'host',
      tcpPort: 16_514,
      pkiDirectory: null,
      verifiesServer: true,
    });
    expect(endpoint('qemu+tls://[::1]:7/system?pkipath=/p%20q&no_verify=1')).toEqual({
      kind: 'tls',
      host: '::1',
      tcpPort: 7,
      pkiDirectory: '/p q',
      verifiesServer: false,
    });
    expect(parse('qemu://host/system')).toEqual(parse('qemu+tls://host/system'));
  });

  it('knows who is to log in, and from which file', () => {
    expect(parseUri('qemu+tls://fr%40d@host/system?authfile=/a', environment).login).toEqual({
      host: 'host',
      username: 'fr@d',
      authFile: '/a',
    });
    expect(parseUri('qemu+ssh://root@[::1]/system', environment).login).toEqual({
      host: '::1',
      username: null,
      authFile: null,
    });
  });

  it('leaves to ssh what the URI does not say', () => {
    expect(endpoint('qemu+ssh://host/system')).toEqual({
      kind: 'ssh',
      host: 'host',
      tcpPort: null,
      user: null,
      program: 'ssh',
      keyFile: null,
      knownHostsFile: null,
      hostKeyCheck: 'askConfig',
      proxy: {
        kind: 'auto',
        driverUri: 'qemu:///system',
        netcat: 'nc',
        sockets: ['/var/run/libvirt/virtqemud-sock', '/var/run/libvirt/libvirt-sock'],
      },
    });
    expect(
      endpoint(
        'qemu+ssh://me@host:2222/system?command=/opt/ssh&keyfile=/k&known_hosts=/h&no_verify=1&no_tty=1',
      ),
    ).toMatchObject({
      tcpPort: 2_222,
      user: 'me',
      program: '/opt/ssh',
      keyFile: '/k',
      knownHostsFile: '/h',
      hostKeyCheck: 'off',
    });
  });

  it.each([
    ['', 'askConfig'],
    ['?known_hosts_verify=normal', 'askConfig'],
    ['?known_hosts_verify=auto', 'acceptNew'],
    ['?known_hosts_verify=ignore', 'off'],
    ['?no_verify=1&known_hosts_verify=ignore', 'off'],
    ['?no_verify=0', 'askConfig'],
  ])('reads how to check the host key from "%s"', (parameters, hostKeyCheck) => {
    expect(endpoint(`qemu+ssh://host/system${parameters}`)).toMatchObject({ hostKeyCheck });
  });

  it.each([
    ['system?proxy=native', { kind: 'native', driverUri: 'qemu:///system' }],
    ['session', { kind: 'native', driverUri: 'qemu:///session' }],
    ['system?socket=/s', { kind: 'netcat', netcat: 'nc', sockets: ['/s'] }],
    ['session?socket=/s&netcat=/n', { kind: 'netcat', netcat: '/n', sockets: ['/s'] }],
    ['system?proxy=auto&netcat=n', { kind: 'auto', netcat: 'n' }],
    ['system?proxy=netcat', { kind: 'netcat', netcat: 'nc' }],
  ])('chooses what runs on the other side for %s', (rest, proxy) => {
    expect(endpoint(`qemu+ssh://host/${rest}`)).toMatchObject({ proxy });
  });

  it.each([
    ['qemu+tcp://host/system', 'host', 16_509],
    ['qemu+tcp://10.0.0.1:1234/system', '10.0.0.1', 1_234],
    ['qemu+tcp://[fe80::1]:7/session', 'fe80::1', 7],
  ])('%s', (uri, host, tcpPort) => {
    expect(parseUri(uri, environment).endpoints).toEqual([{ kind: 'tcp', host, tcpPort }]);
  });

  it.each([
    ['qemu+pigeon://host/system', '"pigeon" is not one of unix, tcp, tls, ssh'],
    ['qemu+libssh2://host/system', '"libssh2" is not one of unix, tcp, tls, ssh'],
    ['xen:///system', 'driver "xen"'],
    ['qemu:///elsewhere', '"/elsewhere" is not /system or /session'],
    ['qemu+unix://host/system', 'no use with transport unix'],
    ['qemu+tcp:///system', 'needs a host'],
    ['qemu+tcp://host:0/system', 'port 0'],
    ['qemu+tcp://host/system?socket=/x', '"socket" is not supported here; none is'],
    ['qemu+tcp://host/system?authfile=/x', '"authfile" is not supported here'],
    ['qemu+tls://host/system?socket=/x', '"socket" is not supported here; pkipath,'],
    ['qemu+tls:///system', 'needs a host'],
    ['qemu+tls://-oProxyCommand=x/system', 'not begin with a sign'],
    ['qemu+tls://host/system?tls_priority=NORMAL', "GnuTLS's language"],
    ['qemu+tls://host/system?no_verify=yes', 'no_verify must be 0 or 1'],
    ['qemu+tls://host/system?pkipath=pki', 'absolute path'],
    ['qemu+tls://host/system?pkipath=/a&pkipath=/b', '"pkipath" is given twice'],
    ['qemu+tls://me:sesame@host/system', 'password has no place'],
    ['qemu+ssh:///system', 'needs a host'],
    ['qemu+ssh://-oProxyCommand=x/system', 'not begin with a sign'],
    ['qemu+ssh://host$(reboot)/system', 'the host may hold'],
    ['qemu+ssh://-l@host/system', 'user name may hold'],
    ['qemu+ssh://a%20b@host/system', 'user name may hold'],
    ['qemu+ssh://%60reboot%60@host/system', 'user name may hold'],
    ['qemu+ssh://host/system?socket=/a%27b', 'socket may hold'],
    ['qemu+ssh://host/system?socket=/a;reboot', 'socket may hold'],
    ['qemu+ssh://host/system?socket=run/x', 'absolute path'],
    ['qemu+ssh://host/system?netcat=-e', 'netcat may hold'],
    ['qemu+ssh://host/system?netcat=nc%20-v', 'netcat may hold'],
    ['qemu+ssh://host/system?keyfile=/k%25h', 'keyfile may hold'],
    ['qemu+ssh://host/system?known_hosts=/a%20b', 'known_hosts may hold'],
    ['qemu+ssh://host/system?known_hosts_verify=maybe', 'must be normal or auto or ignore'],
    ['qemu+ssh://host/system?no_verify=1&known_hosts_verify=auto', 'contradicts'],
    ['qemu+ssh://host/system?command=ssh', 'absolute path'],
    ['qemu+ssh://host/system?proxy=socat', 'must be auto or native or netcat'],
    ['qemu+ssh://host/system?proxy=native&socket=/s', 'socket has no use with proxy=native'],
    ['qemu+ssh://host/system?proxy=native&netcat=nc', 'netcat has no use with proxy=native'],
    ['qemu+ssh://host/session?proxy=netcat', 'netcat needs socket'],
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
      fc.string().map((rest) => `qemu+tls://${rest}/system`),
      fc.string().map((rest) => `qemu+ssh://host/system?socket=/${rest}`),
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
