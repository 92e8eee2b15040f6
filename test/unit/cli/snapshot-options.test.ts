import { describe, expect, test } from 'vitest';

import { readSnapshot } from '../../../src/cli/options/snapshot-options.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

/** As commander hands them over. */
const plain = {
  on: 'qemu:///system',
  peerWait: '120',
  kind: 'auto',
  fallBack: true,
  metadata: true,
};
const read = (options: object) => readSnapshot('guest', { ...plain, ...options });

describe('what snapshot asks of which machine', () => {
  test('an image in a directory, by name', () => {
    expect(
      read({ to: '/backup', name: 'nightly', disk: 'vdb', quiesce: 'required' }),
    ).toMatchObject({
      machine: 'instanceSnapshot',
      input: {
        domain: 'guest',
        host: 'qemu:///system',
        store: { kind: 'directory', directory: '/backup' },
        name: 'nightly',
        disk: 'vdb',
        quiesce: 'required',
        mayFallBack: true,
        peerWaitMs: 120_000,
      },
    });
  });

  test.each([
    ['live', 'liveSnapshot'],
    ['cold', 'coldSnapshot'],
    ['offline', 'coldSnapshot'],
  ] as const)('a file, %s', (kind, machine) => {
    const file = { directory: '/backup', fileName: 'a.qcow2' };
    expect(read({ kind, to: '/backup/a.qcow2' })).toMatchObject({ machine, input: file });
    expect(read({ kind, to: '/backup', name: 'a.qcow2' })).toMatchObject({ machine, input: file });
  });

  test('only offline says that a guest that is up shall be left alone', () => {
    expect(read({ kind: 'offline', to: '/b/a' })).toMatchObject({ input: { mustBeOff: true } });
    expect(read({ kind: 'cold', to: '/b/a' })).toMatchObject({ input: { mustBeOff: false } });
  });

  test("libvirt's own, with the memory beside the overlays", () => {
    const asked = read({ kind: 'external', memory: true, to: '/snap', name: 's1', disk: 'vda' });
    expect(asked).toMatchObject({
      machine: 'domainSnapshot',
      input: {
        kind: 'external',
        name: 's1',
        memoryPath: '/snap/s1.memory',
        disks: [{ targetDev: 'vda', overlayPath: '/snap/s1-vda.qcow2' }],
        noMetadata: false,
      },
    });
  });
});

test.each([
  [{ on: 'here' }, '--on'],
  [{ kind: 'warm' }, '--kind "warm" is not known'],
  [{ to: 'backup', name: 'n' }, '--to "backup" is no absolute path'],
  [{ disk: 'vda,/dev/sda', to: '/b', name: 'n' }, '--disk must list disk names'],
  [{ format: '../raw', to: '/b', name: 'n' }, '--format is no format'],
  [{ to: '/b' }, '--to and --name are needed'],
  [{ to: '/b', name: 'n', disk: 'vda,vdb' }, 'an image in a store holds one disk'],
  [{ kind: 'live' }, '--to is needed'],
  [{ kind: 'live', to: '/b/a', halt: true }, '--halt means nothing for --kind live'],
  [{ kind: 'cold', to: '/b/a', quiesce: 'try' }, '--quiesce means nothing for --kind cold'],
  [{ kind: 'internal', name: 'n', live: true }, '--live means nothing for --kind internal'],
  [{ kind: 'internal', name: 'n', metadata: false }, '--no-metadata means nothing'],
  [{ kind: 'live', to: '/b/a', fallBack: false }, '--no-fall-back means nothing'],
  [{ kind: 'internal', name: 'n', to: '/b' }, '--to means nothing for --kind internal'],
  [{ kind: 'external', name: 'n', to: '/b' }, '--to means nothing for --kind external without'],
  [{ kind: 'external', name: 'a/b' }, '--name "a/b" cannot name a snapshot: no slash'],
  [{ kind: 'external', name: '' }, '--name "" cannot name a snapshot'],
  [{ kind: 'external' }, '--name is needed'],
  [{ kind: 'external', name: 'n', memory: true }, '--memory needs --to'],
  [{ bandwidth: '0', to: '/b', name: 'n' }, '--bandwidth "0" is not a whole number'],
])('%o is refused in one line', (options, words) => {
  expect(() => read(options)).toThrow(UsageError);
  expect(() => read(options)).toThrow(words);
});

test('a domain without a name is none', () => {
  expect(() => readSnapshot('', plain)).toThrow('DOMAIN must be a name or a uuid');
});
