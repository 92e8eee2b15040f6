import type {
  ColdSnapshotOutput,
  InstanceSnapshotInput,
  LiveSnapshotOutput,
} from '../../../machines/index.ts';
import { instanceSnapshot, instanceSnapshotInput } from '../../../machines/index.ts';
import type { InstanceSnapshotFacts } from '../../../machines/policy/instance-snapshot/instance-snapshot.ts';
import type { CheckVerdict } from '../../../machines/policy/verdicts.ts';
import type { Failure } from '../../ports/failure.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { done, guest, host, hostView } from './one-host.ts';

const asked = (request: Partial<InstanceSnapshotInput> = {}) =>
  instanceSnapshotInput({
    domain: 'guest',
    host,
    store: { kind: 'directory', directory: '/images' },
    name: 'nightly',
    ...request,
  });

const fine: readonly CheckVerdict[] = [{ check: 'any', objection: null }];
const bad: readonly CheckVerdict[] = [{ check: 'any', objection: 'it does not run' }];
const facts: InstanceSnapshotFacts = {
  atEpochMs: 7,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  verdicts: { live: fine, cold: fine },
  nameObjection: null,
  staged: '/images/.nightly.qcow2.staged',
  kept: '/images/nightly.qcow2',
  taken: false,
};
const failure: Failure = { code: 'libvirt.1', message: 'it failed', effect: 'none' };
const images = [
  {
    targetDev: 'vda',
    path: facts.staged,
    format: 'qcow2',
    virtualSizeBytes: 5,
    allocationBytes: 3,
  },
];
const live: LiveSnapshotOutput = {
  outcome: 'completed',
  failure: null,
  artefacts: [],
  images,
  notes: [],
  consistency: 'filesystem',
  frozenMs: 12,
};
const cold: ColdSnapshotOutput = {
  outcome: 'completed',
  failure: null,
  artefacts: [],
  images,
  lostDevices: [],
  consistency: 'crash',
  outageMs: 12,
};
const nothing = { failure, images: [], consistency: null };

const metadata = {
  name: 'nightly',
  format: 'qcow2',
  virtualSizeBytes: 5,
  consistency: 'filesystem',
  createdAtEpochMs: 7,
  source: { host, domainUuid: guest.uuid, domainName: guest.name, targetDev: 'vda' },
  sizeBytes: 3,
  sha256: 'a'.repeat(64),
} as const;

/** What an image of a guest may meet beside its snapshots, which stand here for their ends alone. */
export const instanceSnapshotAlphabet = alphabetOf(instanceSnapshot, {
  inputs: { auto: asked(), liveOnly: asked({ mayFallBack: false }) },
  actors: {
    gatherFacts: {
      done: {
        bothWork: facts,
        onlyCold: { ...facts, verdicts: { live: bad, cold: fine } },
        isNowhere: { ...facts, domain: null },
        nameIsBad: { ...facts, nameObjection: 'a slash' },
        nameIsTaken: { ...facts, taken: true },
        noWay: { ...facts, verdicts: { live: bad, cold: bad } },
      },
    },
    liveSnapshot: {
      done: {
        taken: live,
        cameBack: { ...live, ...nothing, outcome: 'rolledBack' },
        isAstray: { ...live, ...nothing, outcome: 'needsOperator' },
      },
    },
    coldSnapshot: {
      done: {
        taken: cold,
        cameBack: { ...cold, ...nothing, outcome: 'rolledBack' },
        isAstray: { ...cold, ...nothing, outcome: 'needsOperator' },
      },
    },
    keepImage: { done: { kept: { image: metadata } } },
    removeImage: done,
  },
  events: [{ type: 'abort.requested' }],
});
