import { expect, test } from 'vitest';

import { liveMigrationInput } from '../../../machines/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { gatherFacts } from '../../../src/bindings/gather-facts.ts';
import { sharedGuest } from '../../support/simulated-migration.ts';

const destinationConnectUri = 'qemu+ssh://hostB.example/system';

/** The URIs that the source's daemon is made to open for a destination that calls itself so. */
async function probed(hostname: string) {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const { hypervisors } = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }, { name: 'hostB', hostname }],
    domains: [sharedGuest],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const { signal } = new AbortController();
  const uris: string[] = [];
  const input = liveMigrationInput({
    domain: 'guest',
    source: 'simulated:///hostA',
    destination: 'simulated:///hostB',
    options: { destinationConnectUri },
  });
  const source = Object.assign(await hypervisors.open(input.source, signal), {
    probeFrom: (uri: string) => {
      uris.push(uri);
      return Promise.resolve({ reachable: true } as const);
    },
  });
  const open = (uri: string) =>
    uri === input.source ? Promise.resolve(source) : hypervisors.open(uri, signal);
  const facts = gatherFacts({ ...hypervisors, open }, input, { signal, clock });
  return { uris, advertised: (await clock.run(facts)).advertisedNameSeenBySource };
}

test('the name that the destination advertises is tried from the source', async () => {
  expect(await probed('hostB-2.example')).toEqual({
    uris: [destinationConnectUri, 'qemu+ssh://hostB-2.example/system'],
    advertised: { reachable: true },
  });
});

test.each(['hostB/system?command=evil&', '-oProxyCommand=x', 'user@hostB', ''])(
  'a destination that calls itself %j has no say in what the source opens',
  async (hostname) => {
    expect(await probed(hostname)).toMatchObject({
      uris: [destinationConnectUri],
      advertised: { reachable: false },
    });
  },
);
