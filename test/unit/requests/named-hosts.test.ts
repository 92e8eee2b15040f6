import { describe, expect, test } from 'vitest';

import { noConfig, findHost } from '../../../src/config/index.ts';
import { workflowRequests } from '../../../src/requests/index.ts';

const config = {
  ...noConfig,
  path: '/etc/virtstate/virtstate.config.json',
  hosts: {
    hostA: { uri: 'qemu+ssh://root@hostA/system' },
    hostB: { uri: 'qemu+ssh://root@hostB/system', peerUri: 'qemu+tls://hostB/system' },
    here: { uri: 'qemu:///system' },
  },
};
const request = workflowRequests((name) => findHost(config, name))['live-migration'];
const between = { domain: 'guest', source: 'hostA', destination: 'hostB' };
const read = (more: object = {}) => request.safeParse({ ...between, ...more });
const faults = (more: object) => read(more).error?.issues ?? [];

describe('where the hosts of a migration have names', () => {
  test('the source daemon is told how other hosts reach the destination', () => {
    expect(read().data).toMatchObject({
      source: 'qemu+ssh://root@hostA/system',
      destination: 'qemu+ssh://root@hostB/system',
      options: { destinationConnectUri: 'qemu+tls://hostB/system' },
    });
  });

  test('what the request says goes first, by URI or by name', () => {
    const uri = 'qemu+tcp://10.0.0.2/system';
    const asked = [uri, 'hostA', 'hostB'].map((destinationConnectUri) =>
      read({ options: { destinationConnectUri } }),
    );
    expect(asked.map(({ data }) => data?.options.destinationConnectUri)).toEqual([
      uri,
      'qemu+ssh://root@hostA/system',
      'qemu+tls://hostB/system',
    ]);
  });

  test.each([{ protocol: 'direct' }, { offline: true }])('%o: it is told nothing', (more) => {
    expect(read(more).data?.options.destinationConnectUri).toBeNull();
  });
});

test.each([
  [{ destination: 'here' }, 'destinationConnectUri', 'is needed: the source daemon'],
  [
    { protocol: 'direct', options: { destinationConnectUri: 'hostB' } },
    'destinationConnectUri',
    'must be left out',
  ],
  [{ options: { destinationConnectUri: 'hostC' } }, 'destinationConnectUri', 'did you mean hostA?'],
  [{ options: { copyDisks: ['vda'] } }, 'options', '`copyDisks` needs `copyStorage: all or inc`'],
])('%j: the fault is told once, at its place', (more, place, words) => {
  const told = faults(more);
  expect(told).toHaveLength(1);
  expect(told[0]?.path.at(-1)).toBe(place);
  expect(told[0]?.message).toContain(words);
  expect(told[0]?.message).not.toContain('--');
});
