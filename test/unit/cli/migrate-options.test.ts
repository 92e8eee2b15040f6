import { describe, expect, test } from 'vitest';

import { readMigration } from '../../../src/cli/options/migrate-options.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

/** As commander hands them over when nothing else is given. */
const typed = {
  from: 'qemu:///system',
  to: 'qemu+tcp://hostB/system',
  protocol: 'peer2peer',
  onTimeout: 'abort',
  onSplitBrain: 'suspend-source',
  peerWait: '120',
};

const read = (more: object) => readMigration('web', { ...typed, ...more }, null);

test('without options a migration copies nothing, has no limits, and leaves what was', () => {
  expect(read({})).toEqual({
    domain: 'web',
    source: 'qemu:///system',
    destination: 'qemu+tcp://hostB/system',
    options: {
      copyStorage: 'none',
      copyDisks: [],
      bandwidthMibPerS: 0,
      maxDowntimeMs: null,
      autoConverge: false,
      parallelConnections: 1,
      compression: [],
      unsafe: false,
      spaceWanted: 'virtualSize',
      persistence: 'asBefore',
      keepSource: false,
      destinationName: null,
      destinationXml: null,
      destinationConnectUri: 'qemu+tcp://hostB/system',
      migrationUri: null,
    },
    timeoutMs: null,
    onTimeout: 'abort',
    onSplitBrain: 'suspendSource',
    peerWaitMs: 120_000,
  });
});

test.each([
  [{ copyStorage: 'all' }, { copyStorage: 'all' }],
  [
    { copyStorage: 'inc', copyDisks: 'vda,vdb' },
    { copyStorage: 'inc', copyDisks: ['vda', 'vdb'] },
  ],
  [{ bandwidth: '100' }, { bandwidthMibPerS: 100 }],
  [{ maxDowntime: '500' }, { maxDowntimeMs: 500 }],
  [{ autoConverge: true }, { autoConverge: true }],
  [{ parallel: '4' }, { parallelConnections: 4 }],
  [{ compression: 'xbzrle,mt' }, { compression: ['xbzrle', 'mt'] }],
  [
    { compression: 'zstd', parallel: '2' },
    { compression: ['zstd'], parallelConnections: 2 },
  ],
  [{ unsafe: true }, { unsafe: true }],
  [{ diskOverCommit: true }, { spaceWanted: 'allocation' }],
  [{ transient: true }, { persistence: 'transient' }],
  [{ keepSource: true }, { keepSource: true }],
  [{ dname: 'web 2' }, { destinationName: 'web 2' }],
  [
    { dconnuri: 'qemu+tcp://10.0.0.2/system' },
    { destinationConnectUri: 'qemu+tcp://10.0.0.2/system' },
  ],
  [{ migrateUri: 'tcp://10.0.0.2' }, { migrationUri: 'tcp://10.0.0.2' }],
])('%o asks libvirt for %o', (more, options) => {
  expect(read(more).options).toMatchObject(options);
});

test.each([
  [{ timeout: '90' }, { timeoutMs: 90_000 }],
  [{ onTimeout: 'force-complete' }, { onTimeout: 'forceComplete' }],
  [{ onSplitBrain: 'report' }, { onSplitBrain: 'report' }],
  [{ peerWait: '5' }, { peerWaitMs: 5_000 }],
])('%o is for the machine: %o', (more, input) => {
  expect(read(more)).toMatchObject(input);
});

describe('what is wrong is told by the name of its option, in one line', () => {
  test.each([
    [{ from: 'hostA' }, '--from "hostA" is no connection URI'],
    [{ to: 'qemu+tcp://u:secret@hostB/system' }, '--to must not hold a password'],
    [{ protocol: 'direct' }, '--protocol "direct" is not known; there is peer2peer'],
    [{ copyStorage: 'some' }, '--copy-storage "some" is not known; there is all, inc'],
    [{ copyDisks: 'vda' }, '--copy-disks needs --copy-storage'],
    [{ copyStorage: 'all', copyDisks: 'vda,,vdb' }, '--copy-disks must list disk names'],
    [{ copyStorage: 'all', copyDisks: '../vda' }, '--copy-disks must list disk names'],
    [{ bandwidth: '1e3' }, '--bandwidth "1e3" is not a whole number from 1 to 1000000 (MiB/s)'],
    [{ bandwidth: '0' }, '--bandwidth "0" is not a whole number'],
    [{ bandwidth: '-5' }, '--bandwidth "-5" is not a whole number'],
    [{ maxDowntime: '1.5' }, '--max-downtime "1.5" is not a whole number'],
    [{ timeout: '99999999999999999999' }, '--timeout "99999999999999999999" is not a whole number'],
    [{ parallel: '256' }, '--parallel "256" is not a whole number from 1 to 255'],
    [{ compression: 'gzip' }, '--compression must list methods out of xbzrle'],
    [{ compression: 'zstd' }, 'give --parallel'],
    [{ migrateUri: 'foo://x' }, '--migrate-uri "foo://x" is no URI for a stream'],
    [{ onTimeout: 'post-copy' }, '--on-timeout "post-copy" is not known'],
    [{ onSplitBrain: 'pray' }, '--on-split-brain "pray" is not known'],
    [{ dname: 'a/b' }, '--dname "a/b" cannot be a domain'],
    [{ dname: 'a\nb' }, '--dname "a\\nb" cannot be a domain'],
    [{ to: 'qemu:///session' }, 'give --dconnuri'],
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
  expect(() => readMigration('', typed, null)).toThrow(UsageError);
});
