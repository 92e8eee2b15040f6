import type { OfflineInput } from '../../../machines/index.ts';
import { offlineMigration } from '../../../machines/index.ts';
import type { PeersView } from '../../../machines/policy/peers.ts';
import type { DomainStatus } from '../../ports/domain.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
import { done } from './one-host.ts';
import { domain } from './peers.ts';
import { protocolInputs } from './protocol.ts';

const at = { atEpochMs: 9 };
const phase = { done: { done: at } };
const copied: OfflineInput = {
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  domain: { uuid: domain.uuid, name: domain.name },
  call: { ...protocolInputs.plain.call, purpose: 'moveOffline' },
  disks: [{ targetDev: 'vda', from: '/images/vda.img', to: '/pool/vda.img' }],
  peerWaitMs: 120_000,
};

const off: DomainStatus = { ...domain, state: 'shutoff', reason: 'shutdown' };
type Held = DomainStatus | null | 'silent';
const view = (held: Held): PeersView['source'] =>
  held === 'silent'
    ? { reachable: false, message: 'connection refused' }
    : { reachable: true, domain: held };
const seen = (source: Held, destination: Held): PeersView => ({
  atEpochMs: 1_000,
  source: view(source),
  destination: view(destination),
});

/** What the move of a domain that is shut off may meet. */
export const offlineMigrationAlphabet = alphabetOf(offlineMigration, {
  inputs: { copied, shared: { ...copied, disks: [] } },
  actors: {
    watchSource: {
      sends: [
        { type: 'source.domain.started', ...at },
        { type: 'source.connection.lost', ...at },
      ],
    },
    holdLink: { sends: [{ type: 'link.opened', ...at }] },
    makeVolume: phase,
    copyDisk: { done: { copied: { changedAt: '10.1', ...at } } },
    compareCopies: {
      ...done,
      fails: {
        ...usualFailures,
        changed: { code: 'diskChanged', message: 'disk vda changed', effect: 'none' },
      },
    },
    forgetHalfMoved: done,
    inspectPeers: {
      done: {
        stillHere: seen(off, null),
        bothDefined: seen(off, off),
        halfThere: seen(off, { ...off, persistent: false }),
        started: seen(domain, null),
        silent: seen('silent', 'silent'),
      },
    },
    begin: phase,
    prepare: phase,
    finish: { done: { guest: { holds: 'guest', ...at }, nothing: { holds: 'nothing', ...at } } },
    confirm: phase,
    confirmCancelled: phase,
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ copies, disks, failure }) => [
    `copied ${copies.length} of ${disks.length}, ${failure === null ? 'well' : 'failed'}`,
  ],
});
