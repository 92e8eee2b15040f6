import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  EncodeError,
  InvalidUriError,
  LibvirtError,
  ProtocolError,
  SshError,
  TlsError,
  UnsupportedAuthError,
} from 'node-libvirt';
import { expect, test } from 'vitest';
import { toFailureError } from '../../../../src/adapters/libvirt/errors.ts';
import { FailureError } from '../../../../src/ports/failure.ts';

const uri = 'qemu+tcp://here/system';
const read = { uri, effectOfErrorReply: 'none' } as const;
const migration = { uri, effectOfErrorReply: 'unknown' } as const;

function reply(code: number): LibvirtError {
  const procedure = 'domainGetState';
  return new LibvirtError({ code, domain: 10, level: 2, serverMessage: 'so it is', procedure });
}

function lost(fullyWritten: boolean): ConnectionLostError {
  return new ConnectionLostError('gone', { procedure: 'domainSuspend', fullyWritten }, null);
}

test.each([
  [42, 'noDomain'],
  [55, 'operationInvalid'],
  [68, 'jobActive'],
  [45, 'authenticationFailed'],
  [78, 'operationAborted'],
  [81, 'migrateUnsafe'],
  [3, 'unsupported'],
  [74, 'unsupported'],
  [84, 'unsupported'],
  [38, 'libvirtError'],
])('libvirt error %d is %s, with its numbers', (number, code) => {
  expect(toFailureError(reply(number), read).failure).toEqual({
    code,
    message: `${uri}: so it is`,
    effect: 'none',
    libvirt: { code: number, domain: 10 },
  });
});

test('an error reply to a migration leaves open where the domain runs', () => {
  expect(toFailureError(reply(38), migration).failure.effect).toBe('unknown');
});

const me = { host: 'here', username: 'me' };
const untrusted = { problem: 'untrustedServer', text: 'of another authority' } as const;
const unknownKey = { exitCode: 255, how: 'ssh ended', stderr: 'Host key verification failed.' };

test.each([
  ['a lost reply', lost(true), 'connectionLost', 'unknown'],
  ['a call that never left', lost(false), 'connectionLost', 'none'],
  ['a malformed packet', new ProtocolError('odd'), 'protocolError', 'unknown'],
  ['an argument that cannot be sent', new EncodeError('NUL'), 'invalidArgument', 'none'],
  ['no daemon', new ConnectError('here:16509', new Error('refused')), 'hostUnreachable', 'none'],
  ['a bad URI', new InvalidUriError(uri, 'is odd'), 'invalidUri', 'none'],
  ['a way to log in', new UnsupportedAuthError(['polkit'], 'no'), 'unsupportedAuth', 'none'],
  ['a wrong password', new AuthenticationError('no', me), 'authenticationFailed', 'none'],
  ['a certificate', new TlsError('here:16514', untrusted), 'tlsFailed', 'none'],
  ['a host that ssh does not reach', new SshError('here', unknownKey), 'sshFailed', 'none'],
  ['what nobody foresaw', new TypeError('bug'), 'internal', 'unknown'],
] as const)('%s is told as such and names the host', (_, error, code, effect) => {
  const { failure } = toFailureError(error, migration);
  expect(failure).toMatchObject({ code, effect });
  expect(failure.message).toContain(uri);
});

test('a failure is passed on as it is', () => {
  const known = new FailureError({ code: 'timedOut', message: 'late', effect: 'unknown' });
  expect(toFailureError(known, read)).toBe(known);
});

test('a password in a connection URI is told to nobody', () => {
  const secret = 'qemu+tcp://me:hunter2@here/system';
  const error = new InvalidUriError(secret, 'is odd');
  const { failure } = toFailureError(error, { uri: secret, effectOfErrorReply: 'none' });
  expect(failure.message).toContain('qemu+tcp://me:***@here/system');
  expect(failure.message).not.toContain('hunter2');
});
