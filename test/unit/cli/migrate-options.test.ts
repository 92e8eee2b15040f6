import { describe, expect, test } from 'vitest';

import { migrationOptions } from '../../../machines/index.ts';
import {
  convergencePresets,
  patient,
} from '../../../machines/policy/migration/convergence-presets.ts';
import { readMigration } from '../../../src/cli/options/migrate-options.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

/** As commander hands them over when nothing else is given. */
const typed = {
  from: 'qemu:///system',
  to: 'qemu+tcp://hostB/system',
  protocol: 'peer2peer',
  postcopyWait: '300',
  sourceDisk: 'keep',
  onSplitBrain: 'suspend-source',
  peerWait: '120',
};

const noFiles = { destinationXml: null, policy: null };
const read = (more: object) => readMigration('web', { ...typed, ...more }, noFiles);

test('without options a migration copies nothing, has no limits, and leaves what was', () => {
  expect(read({})).toEqual({
    domain: 'web',
    source: 'qemu:///system',
    destination: 'qemu+tcp://hostB/system',
    protocol: 'peer2peer',
    offline: false,
    options: migrationOptions({ destinationConnectUri: 'qemu+tcp://hostB/system' }),
    convergence: patient,
    postcopyWaitMs: 300_000,
    onSplitBrain: 'suspendSource',
    peerWaitMs: 120_000,
    breakClaims: [],
  });
});

test.each([
  [{ copyStorage: 'all' }, { copyStorage: 'all' }],
  [
    { copyStorage: 'inc', copyDisks: 'vda,vdb' },
    { copyStorage: 'inc', copyDisks: ['vda', 'vdb'] },
  ],
  [{ bandwidth: '100' }, { bandwidthMibPerS: 100 }],
  [{ autoConverge: true }, { autoConverge: true }],
  [
    { autoConverge: true, autoConvergeInitial: '30', autoConvergeIncrement: '5' },
    { autoConvergeInitial: 30, autoConvergeIncrement: 5 },
  ],
  [{ parallel: '4' }, { parallelConnections: 4 }],
  [
    { parallel: '2', zerocopy: true },
    { parallelConnections: 2, zerocopy: true },
  ],
  [{ compression: 'xbzrle' }, { compression: ['xbzrle'] }],
  [
    { compression: 'zstd', parallel: '2' },
    { compression: ['zstd'], parallelConnections: 2 },
  ],
  [{ unsafe: true }, { unsafe: true }],
  [{ diskOverCommit: true }, { spaceWanted: 'allocation' }],
  [{ transient: true }, { persistence: 'transient' }],
  [{ keepSource: true }, { keepSource: true }],
  [{ copyStorage: 'all', sourceDisk: 'delete' }, { sourceDisk: 'delete' }],
  [{ dname: 'web 2' }, { destinationName: 'web 2' }],
  [
    { dconnuri: 'qemu+tcp://10.0.0.2/system' },
    { destinationConnectUri: 'qemu+tcp://10.0.0.2/system' },
  ],
  [{ to: 'qemu://hostB/system' }, { destinationConnectUri: 'qemu://hostB/system' }],
  [{ migrateUri: 'tcp://10.0.0.2' }, { migrationUri: 'tcp://10.0.0.2' }],
  [{ listenAddress: '10.0.0.2' }, { listenAddress: '10.0.0.2' }],
  [{ copyStorage: 'all', disksUri: 'tcp://10.0.0.2:49300' }, { disksUri: 'tcp://10.0.0.2:49300' }],
  [{ copyStorage: 'all', disksPort: '49300' }, { disksPort: 49_300 }],
  [
    { tls: true, tlsDestination: 'hostB.example' },
    { tls: true, tlsDestination: 'hostB.example' },
  ],
  [
    { postcopy: true, postcopyBandwidth: '50' },
    { postcopy: true, postcopyBandwidthMibPerS: 50 },
  ],
])('%o asks libvirt for %o', (more, options) => {
  expect(read(more).options).toMatchObject(options);
});

test.each([
  [{ onSplitBrain: 'report' }, { onSplitBrain: 'report' }],
  [{ peerWait: '5' }, { peerWaitMs: 5_000 }],
  [{ postcopyWait: '0' }, { postcopyWaitMs: 0 }],
  [{ breakClaim: 'run-1,run-2' }, { breakClaims: ['run-1', 'run-2'] }],
  [{ offline: true, copyStorage: 'all' }, { offline: true }],
])('%o is for the machine: %o', (more, input) => {
  expect(read(more)).toMatchObject(input);
});

describe('the protocol', () => {
  test.each([
    ['peer2peer', {}, 'peer2peer', false],
    ['tunnelled', {}, 'peer2peer', true],
    ['direct', {}, 'direct', false],
    ['direct-tunnelled', { relayUri: 'tcp://10.0.0.9:4444' }, 'direct', true],
  ])('%s %o is %s, tunnelled: %s', (protocol, more, driver, tunnelled) => {
    expect(read({ protocol, ...more })).toMatchObject({ protocol: driver, options: { tunnelled } });
  });

  test.each([
    [{ protocol: 'direct' }],
    [{ protocol: 'direct-tunnelled', relayUri: 'unix:///run/relay' }],
    [{ offline: true }],
  ])('%o: this process reaches the destination, the source daemon need not', (more) => {
    const input = read({ ...more, to: 'qemu:///session' });
    expect(input.options.destinationConnectUri).toBeNull();
  });
});

test('a preset is the policy, and brings its flags along', () => {
  const policy = convergencePresets['must-converge'];
  const input = readMigration('web', typed, { ...noFiles, policy });
  expect(input.convergence).toEqual(policy.convergence);
  expect(input.options.autoConverge).toBe(true);
});

describe('what is wrong is told by the name of its option, in one line', () => {
  test.each([
    [{ from: 'hostA' }, '--from "hostA" is no connection URI'],
    [{ to: 'qemu+tcp://u:secret@hostB/system' }, '--to must not hold a password'],
    [{ protocol: 'p2p' }, '--protocol "p2p" is not known; there is peer2peer, direct, tunnelled'],
    [{ copyStorage: 'some' }, '--copy-storage "some" is not known; there is all, inc'],
    [{ copyDisks: 'vda' }, '--copy-disks needs --copy-storage'],
    [{ copyStorage: 'all', copyDisks: 'vda,,vdb' }, '--copy-disks must list disk names'],
    [{ copyStorage: 'all', copyDisks: '../vda' }, '--copy-disks must list disk names'],
    [{ bandwidth: '1e3' }, '--bandwidth "1e3" is not a whole number from 1 to 1000000 (MiB/s)'],
    [{ bandwidth: '0' }, '--bandwidth "0" is not a whole number'],
    [{ bandwidth: '-5' }, '--bandwidth "-5" is not a whole number'],
    [{ maxDowntime: '1.5' }, '--max-downtime "1.5" is not a whole number'],
    [{ timeout: '99999999999999999999' }, '--timeout "99999999999999999999" is not a whole number'],
    [{ timeoutPerGib: 'x' }, '--timeout-per-gib "x" is not a whole number'],
    [{ parallel: '256' }, '--parallel "256" is not a whole number from 1 to 255'],
    [{ compression: 'gzip' }, '--compression must list methods out of xbzrle'],
    [{ compression: 'zstd' }, 'give --parallel'],
    [{ migrateUri: 'foo://x' }, '--migrate-uri "foo://x" is no URI for a stream'],
    [{ migrateUri: 'tcp://' }, '--migrate-uri "tcp://" is no URI for a stream'],
    [{ disksUri: 'rdma://x' }, '--disks-uri "rdma://x" is no URI for copied disks'],
    [{ disksPort: '0' }, '--disks-port "0" is not a whole number from 1 to 65535'],
    [{ relayUri: 'tcp://10.0.0.9' }, '--relay-uri "tcp://10.0.0.9" is no URI for a relay'],
    [{ relayUri: 'tcp://10.0.0.9:4444' }, 'use --protocol direct-tunnelled'],
    [{ protocol: 'direct-tunnelled' }, 'give --relay-uri tcp://ADDRESS:PORT'],
    [{ listenAddress: 'a b' }, '--listen-address "a b" is neither a host name nor an address'],
    [{ tlsDestination: '' }, '--tls-destination "" is neither'],
    [{ autoConvergeInitial: '100' }, '--auto-converge-initial "100" is not a whole number'],
    [{ onTimeout: 'pray' }, '--on-timeout "pray" is not known; there is abort, force-complete'],
    [{ onStall: 'pray' }, '--on-stall "pray" is not known'],
    [{ sourceDisk: 'burn' }, '--source-disk "burn" is not known; there is keep, delete'],
    [{ sourceDisk: 'delete' }, 'no disk is copied'],
    [{ onSplitBrain: 'pray' }, '--on-split-brain "pray" is not known'],
    [{ dname: 'a/b' }, '--dname "a/b" cannot be a domain'],
    [{ dname: 'a\nb' }, '--dname "a\\nb" cannot be a domain'],
    [{ to: 'qemu:///session' }, 'is a socket of this machine: give --dconnuri'],
    [{ to: 'qemu+tls://hostB/system?pkipath=/home/me/pki' }, 'has parameters for this machine'],
    [{ protocol: 'direct', dconnuri: 'qemu+tcp://hostB/system' }, 'leave --dconnuri out'],
    [{ offline: true, dconnuri: 'qemu+tcp://hostB/system' }, 'leave --dconnuri out'],
  ])('%o', (more, words) => {
    expect(() => read(more)).toThrow(UsageError);
    expect(() => read(more)).toThrow(words);
    expect(() => read(more)).not.toThrow('\n');
  });
});

test('a password in a URI is not repeated', () => {
  expect(() => read({ to: 'qemu+tcp://u:secret@hostB/system' })).not.toThrow('secret');
});

test('an empty domain is wrong use', () => {
  expect(() => readMigration('', typed, noFiles)).toThrow(UsageError);
});
