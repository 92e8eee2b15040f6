import { expect, test } from 'vitest';

import { judgeHost, judgePeer } from '../../../src/cli/display/findings.ts';
import type { HostSurvey, HostView } from '../../../src/ports/domain.ts';

const host: HostView = {
  uri: 'qemu:///system',
  hostname: 'hostA',
  hostUuid: 'aaaa',
  libvirtVersion: 9_000_000,
  hypervisorVersion: 7_002_022,
  freeMemoryBytes: 2 ** 33,
};
const survey: HostSurvey = {
  driver: 'QEMU',
  pools: [{ name: 'images', active: true, targetPath: '/img', availableBytes: 2 ** 34 }],
  qemuEventsRefused: null,
  claimedDomains: [],
};
const nowEpochMs = 1_700_000_000_000;

const levels = (findings: readonly { check: string; level: string }[]) =>
  Object.fromEntries(findings.map(({ check, level }) => [check, level]));

test('a sound host: only what cannot be known is left to the operator', () => {
  expect(levels(judgeHost({ uri: host.uri, host, survey, nowEpochMs }))).toEqual({
    reachable: 'ok',
    driver: 'ok',
    versions: 'ok',
    hostUuid: 'ok',
    advertisedName: 'ok',
    transport: 'ok',
    freeMemory: 'ok',
    pool: 'ok',
    qemuEvents: 'ok',
    lockManager: 'warn',
  });
});

test.each([
  [{ host: { ...host, hostname: 'localhost' } }, 'advertisedName', 'warn', '--migrate-uri'],
  [{ host: { ...host, libvirtVersion: 8_006_001 } }, 'versions', 'warn', 'libvirt 8.6.1'],
  [{ host: { ...host, hostUuid: '' } }, 'hostUuid', 'warn', 'no uuid'],
  [{ survey: { ...survey, driver: 'TEST' } }, 'driver', 'fail', 'only the QEMU driver'],
  [{ survey: { ...survey, pools: [] } }, 'pools', 'warn', 'no storage pool'],
  [
    {
      survey: {
        ...survey,
        pools: [{ name: 'x', active: false, targetPath: null, availableBytes: null }],
      },
    },
    'pool',
    'warn',
    'virsh pool-start x',
  ],
  [{ survey: { ...survey, qemuEventsRefused: 'denied' } }, 'qemuEvents', 'warn', 'inferred'],
  [{ uri: 'qemu+tcp://hostA/system' }, 'transport', 'warn', 'plain TCP'],
] as const)('%o', (change, check, level, words) => {
  const findings = judgeHost({ uri: host.uri, host, survey, nowEpochMs, ...change });
  const found = findings.find((each) => each.check === check);
  expect(found?.level).toBe(level);
  expect(found?.message).toContain(words);
});

const peer = {
  host,
  peer: { uri: 'qemu+unix:///system', connectUri: 'qemu+tcp://hostB/system' },
  peerHost: { ...host, hostUuid: 'bbbb', hostname: 'hostB' },
  seen: { reachable: true },
  advertisedSeen: { reachable: true },
} as const;

test('a peer that the daemon cannot reach is told with the way out', () => {
  const seen = { reachable: false, message: 'no route' } as const;
  const findings = judgePeer({ ...peer, seen });
  expect(levels(findings)).toMatchObject({ peerReachable: 'fail' });
  expect(findings.map(({ message }) => message).join()).toContain('no route; give --dconnuri');
});

test('a peer that is the host itself is no peer', () => {
  expect(levels(judgePeer({ ...peer, peerHost: host }))).toMatchObject({ otherHost: 'fail' });
});

test.each([
  ['hostB', { reachable: true }, 'ok'],
  ['hostB', { reachable: false, message: 'unknown name' }, 'warn'],
  ['localhost', { reachable: true }, 'warn'],
  ['hostB', null, 'warn'],
] as const)('a peer that calls itself %s, seen as %o', (hostname, advertisedSeen, level) => {
  const peerHost = { ...peer.peerHost, hostname };
  expect(levels(judgePeer({ ...peer, peerHost, advertisedSeen }))).toEqual({
    peerReachable: 'ok',
    peerAdvertisedName: level,
    otherHost: 'ok',
  });
});

test('a domain that a run has claimed is told, with whose claim it is and how old', () => {
  const details = { engine: 'hostC:77', sinceEpochMs: nowEpochMs - 3 * 3_600_000 };
  const claims = [
    { run: 'run-7', details },
    { run: 'run-8', details: null },
  ];
  const claimed = { ...survey, claimedDomains: [{ name: 'web', claims }] };
  const findings = judgeHost({ uri: host.uri, host, survey: claimed, nowEpochMs });
  expect(findings.filter(({ check }) => check === 'claim')).toEqual([
    {
      check: 'claim',
      level: 'warn',
      message:
        'web is claimed by run run-7 of engine hostC:77 since 3 h and by run run-8, in words that cannot be read: other runs are refused',
    },
  ]);
});
