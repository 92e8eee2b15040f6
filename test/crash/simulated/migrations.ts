import type { LiveMigrationInput } from '../../../machines/index.ts';
import { liveMigrationInput } from '../../../machines/index.ts';
import { patient } from '../../../machines/policy/migration/convergence-presets.ts';
import type { DomainSpec, HostSpec } from '../../../src/adapters/simulated/index.ts';
import type { MigrationOptions } from '../../../src/ports/migration.ts';
import { plainOptions } from '../../support/migration-options.ts';
import { mib } from './scenario.ts';
import type { MigrationScenario } from './scenario.ts';

const pools = [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 30 }];
const hosts: readonly HostSpec[] = [
  { name: 'hostA', pools },
  { name: 'hostB', pools },
];

const disk = { targetDev: 'vda', capacityBytes: 2 * mib };
const sharedGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 32 * mib,
  disks: [{ ...disk, path: '/shared/guest.img', storage: 'shared' }],
};
const privateGuest: DomainSpec = {
  ...sharedGuest,
  disks: [{ ...disk, path: '/images/guest.img', storage: 'private' }],
};
/** Never converges: only post-copy ends its migration. */
const busyGuest: DomainSpec = { ...sharedGuest, dirtyBytesPerS: 128 * mib };

type Spec = Pick<MigrationScenario, 'name' | 'machine' | 'outcome' | 'decisive'> &
  Partial<Pick<MigrationScenario, 'domain' | 'faults' | 'command' | 'also'>> & {
    readonly input?: Partial<LiveMigrationInput>;
    readonly options?: Partial<MigrationOptions>;
  };

function scenario({ input, options, ...spec }: Spec): MigrationScenario {
  return {
    kind: 'migration',
    hosts,
    domain: sharedGuest,
    faults: [],
    command: null,
    also: [],
    ...spec,
    input: liveMigrationInput({
      domain: 'guest',
      source: 'simulated:///hostA',
      destination: 'simulated:///hostB',
      peerWaitMs: 120_000,
      ...input,
      options: { ...plainOptions, ...options },
    }),
  };
}

const peer2peer = { machine: 'peer2peer-migration' } as const;
const direct = { input: { protocol: 'direct' }, machine: 'direct-migration' } as const;
const offline = {
  machine: 'offline-migration',
  domain: { ...privateGuest, state: 'shutoff' },
  input: { offline: true },
} as const;
/** The source daemon goes on by itself; we say Finish ourselves. */
const movedByDaemon = { outcome: 'completed', decisive: { call: 'migrate' } } as const;
const movedByUs = { outcome: 'completed', decisive: { call: 'finish' } } as const;
const back = { outcome: 'rolledBack', decisive: null } as const;
const copied = { copyStorage: 'all' } as const;
const byUs = { destinationConnectUri: null } as const;
const aborted = {
  domain: privateGuest,
  command: { at: 'perform3.precopying', send: { type: 'abort.requested' } },
  ...back,
} as const;
const refused = {
  domain: privateGuest,
  faults: [{ at: { phase: 'finish3' }, do: 'refuse' }],
  ...back,
} as const;

const postcopy = {
  domain: busyGuest,
  options: { postcopy: true, postcopyBandwidthMibPerS: 16 },
  faults: [
    { at: { postcopy: 'destinationRuns', afterMs: 500 }, do: 'refuseStreams' },
    { at: { postcopy: 'destinationRuns', afterMs: 5_000 }, do: 'restoreLink' },
  ],
} as const satisfies Partial<Spec>;
const afterPasses = { convergence: { ...patient, postcopyAfterPasses: 2 } };

export const migrations: readonly MigrationScenario[] = [
  scenario({ ...peer2peer, name: 'p2p', ...movedByDaemon }),
  scenario({
    ...peer2peer,
    name: 'p2p, storage copied',
    domain: privateGuest,
    options: copied,
    ...movedByDaemon,
  }),
  scenario({
    ...peer2peer,
    ...postcopy,
    name: 'p2p, post-copy broken and recovered',
    input: afterPasses,
    ...movedByDaemon,
  }),
  // An abort that died with us before it was on record is not asked for again.
  scenario({
    ...peer2peer,
    ...aborted,
    name: 'p2p, aborted by the user',
    options: copied,
    also: ['completed'],
  }),
  scenario({ ...peer2peer, ...refused, name: 'p2p, Finish refused', options: copied }),
  scenario({ ...direct, name: 'direct', options: byUs, ...movedByUs }),
  scenario({
    ...direct,
    name: 'direct, tunnelled',
    options: { ...byUs, tunnelled: true, relayUri: 'tcp://127.0.0.1:49300' },
    ...movedByUs,
  }),
  scenario({
    ...direct,
    name: 'direct, storage copied',
    domain: privateGuest,
    options: { ...byUs, ...copied },
    ...movedByUs,
  }),
  // Half of the guest is on either side, and our connections held both together.
  scenario({
    ...direct,
    ...postcopy,
    name: 'direct, post-copy broken and recovered',
    input: { ...direct.input, ...afterPasses },
    options: { ...postcopy.options, ...byUs },
    ...movedByUs,
    also: ['needsOperator postcopyNeverRan'],
  }),
  scenario({
    ...direct,
    ...aborted,
    name: 'direct, aborted by the user',
    options: { ...byUs, ...copied },
  }),
  scenario({
    ...direct,
    ...refused,
    name: 'direct, Finish refused',
    options: { ...byUs, ...copied },
  }),
  scenario({
    ...offline,
    name: 'offline, disks copied',
    options: { ...byUs, ...copied },
    ...movedByUs,
  }),
  scenario({
    ...refused,
    ...offline,
    name: 'offline, Finish refused',
    options: { ...byUs, ...copied },
  }),
];
