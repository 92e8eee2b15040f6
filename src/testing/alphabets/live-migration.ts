import { liveMigration, liveMigrationInput } from '../../../machines/index.ts';
import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { MigrationReport } from '../../../machines/policy/migration/protocol-report.ts';
import type { PeersView } from '../../../machines/policy/peers.ts';
import type { DomainStatus } from '../../ports/domain.ts';
import type { Failure } from '../../ports/failure.ts';
import type { MigrationOptions } from '../../ports/migration.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
import { migrationFacts } from './migration-facts.ts';
import { claiming, done, releasing } from './one-host.ts';
import { domain, looks } from './peers.ts';
import { commands } from './protocol.ts';

type Asked = Partial<Omit<LiveMigrationInput, 'options'>>;

const asked = (options: Partial<MigrationOptions> = {}, request: Asked = {}) =>
  liveMigrationInput({
    domain: 'guest',
    source: 'simulated:///hostA',
    destination: 'simulated:///hostB',
    peerWaitMs: 120_000,
    ...request,
    options: { destinationConnectUri: 'simulated:///hostB', copyStorage: 'all', ...options },
  });
const deleting = { sourceDisk: 'delete' } as const;
const offline = { offline: true } as const;
const shared = { copyStorage: 'none' } as const;

const failure: Failure = { code: 'libvirt.9', message: 'it failed', effect: 'none' };
const report: MigrationReport = {
  failure: null,
  phases: [{ phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1 }],
  downtimeMs: 42,
  peers: null,
  volumesMade: null,
  copies: [],
};
const failed = { ...report, failure };
const gone: Failure = { ...failure, code: 'guestGone' };
const prepared: MigrationReport['phases'] = [
  { phase: 'PREPARE', evidence: 'observed', atEpochMs: 2 },
];
const copies = [{ disk: { targetDev: 'vda', from: '/images/a', to: '/pool/a' }, changedAt: '1.1' }];

/** How a protocol may end: what it leaves of volumes matters to the way back. */
const ofProtocol = {
  done: {
    moved: { ...report, outcome: 'completed' },
    cameBack: { ...failed, outcome: 'rolledBack' },
    cameBackAtOnce: { ...failed, phases: [], volumesMade: [], outcome: 'rolledBack' },
    cameBackWithoutVolume: { ...failed, phases: prepared, volumesMade: [], outcome: 'rolledBack' },
    lostTheGuest: { ...failed, failure: gone, volumesMade: [], outcome: 'needsOperator' },
    isAstray: { ...failed, outcome: 'needsOperator' },
  },
} as const;

const at = (
  source: Partial<DomainStatus> | null,
  destination: Partial<DomainStatus> | null,
): PeersView => ({
  atEpochMs: 1_000,
  source: { reachable: true, domain: source === null ? null : { ...domain, ...source } },
  destination: {
    reachable: true,
    domain: destination === null ? null : { ...domain, ...destination },
  },
});

/** What a live migration may meet beside its protocol, which stands here for its end alone. */
export const liveMigrationAlphabet = alphabetOf(liveMigration, {
  inputs: {
    copying: asked(),
    direct: asked({}, { protocol: 'direct' }),
    offline: asked({}, offline),
    deletesSource: asked(deleting),
    offlineDeletesSource: asked(deleting, offline),
    deletesOneDisk: asked({ ...deleting, copyDisks: ['vda'] }),
    shares: asked(shared),
    offlineShares: asked({ ...shared, unsafe: true }, offline),
    tunnelledPostcopy: asked({ ...shared, tunnelled: true, postcopy: true }),
    postcopy: asked({ postcopy: true }),
    compressed: asked({ compression: ['zstd'], parallelConnections: 2 }),
    copiesNoDisk: asked({ copyDisks: ['vdz'] }),
    incremental: asked({ copyStorage: 'inc' }),
  },
  actors: {
    gatherFacts: { done: migrationFacts },
    claimDomain: claiming,
    releaseClaims: releasing,
    peer2peerMigration: ofProtocol,
    directMigration: ofProtocol,
    offlineMigration: {
      done: { ...ofProtocol.done, movedWithDisks: { ...report, copies, outcome: 'completed' } },
    },
    inspectPeers: {
      done: {
        settled: at(null, { reason: 'migrated' }),
        undefinedThere: at(null, { reason: 'migrated', persistent: false }),
        definedOnBoth: at({ state: 'shutoff' }, { reason: 'migrated' }),
        isBack: at({}, null),
        migratesAgain: looks.jobActive,
        incomingLeft: looks.incomingLeft,
        holdsGuest: looks.overtaken,
        silent: looks.silent,
      },
    },
    persistOnDestination: done,
    undefineOnSource: done,
    destroyIncoming: done,
    removeVolumes: { done: { gone: { removed: ['/images/guest.qcow2'] } } },
    compareCopies: {
      ...done,
      fails: {
        ...usualFailures,
        changed: { code: 'diskChanged', message: 'disk vda changed', effect: 'none' },
      },
    },
  },
  events: commands,
  traits: ({ facts, protocol, offline: isOffline, report: { copies: copied, volumesMade } }) => [
    `found ${facts?.domain?.state}`,
    `${isOffline ? 'offline' : protocol} copied ${copied.length} made ${volumesMade?.length}`,
  ],
});
