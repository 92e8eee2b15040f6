import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path/posix';

import { liveMigrationInput } from '../../machines/index.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import { plainOptions } from './migration-options.ts';
import { rerunColdCases } from './rerun-cold-cases.ts';
import { rerunDeletionCases } from './rerun-deletion-cases.ts';
import { rerunInstanceCases } from './rerun-instance-cases.ts';
import { rerunLiveCases } from './rerun-live-cases.ts';
import { rerunSavingCases } from './rerun-saving-cases.ts';
import { rerunSnapshotCases } from './rerun-snapshot-cases.ts';
import { rerunSwapCases } from './rerun-swap-cases.ts';

/** An effect that is about to run, on hosts that are as it expects them. */
export interface Prepared {
  readonly uuid: string;
  readonly input: object;
  /** What else it may change on either host. */
  readonly paths?: readonly string[];
  /** Files of the source that it may change, in no pool. */
  readonly files?: readonly string[];
  /** Resolves when what it set off has come to its end. */
  readonly ended?: Promise<unknown>;
  /** Ends what it leaves under way. */
  readonly end?: () => Promise<void>;
}

export interface RerunCase {
  readonly prepare: (fixture: Fixture) => Promise<Prepared>;
  /** Done a second time it may find nothing to be done on, and says so. */
  readonly mayBeRefused?: true;
}

/**
 * Every effect of class `rerun`, by its slot, or as `machine.slot` where machines do different things
 * under one name: none may be left out.
 */
export const rerunCases: Readonly<Record<string, RerunCase>> = {
  ...rerunColdCases,
  ...rerunDeletionCases,
  ...rerunSnapshotCases,
  ...rerunInstanceCases,
  ...rerunLiveCases,
  ...rerunSavingCases,
  ...rerunSwapCases,
  gatherFacts: {
    prepare: async (fixture) => {
      const { name, uuid } = await fixture.newBareDomain();
      const { destinationConnectUri } = fixture.hosts;
      const options = { ...plainOptions, destinationConnectUri };
      return { uuid, input: liveMigrationInput({ domain: name, ...endsOf(fixture), options }) };
    },
  },
  inspectPeers: {
    prepare: async (fixture) => {
      const { uuid } = await fixture.newBareDomain();
      return { uuid, input: { ...endsOf(fixture), domainUuid: uuid } };
    },
  },
  claimDomain: {
    prepare: async (fixture) => {
      const { uuid } = await fixture.newBareDomain();
      return { uuid, input: { ...onSource(fixture, uuid), breakClaims: [] } };
    },
  },
  releaseClaims: {
    prepare: async (fixture) => {
      const { uuid } = await fixture.newBareDomain();
      const claim = { run: 'run-1', engine: 'hostC:1', sinceEpochMs: 1 };
      await fixture.source.claimDomain(uuid, claim, unending);
      const { destination, source } = endsOf(fixture);
      return { uuid, input: { domainUuid: uuid, run: 'run-1', hosts: [source, destination] } };
    },
  },
  persistOnDestination: {
    prepare: async (fixture) => {
      const uuid = await fixture.newDestinationDomain(`arrived-${randomUUID().slice(0, 8)}`);
      await fixture.destination.undefine(uuid, unending);
      return { uuid, input: { host: fixture.destination.uri, domainUuid: uuid } };
    },
  },
  compareCopies: {
    prepare: async (fixture) => {
      const { path, uuid } = await newVolume(fixture, 'source', 'copied');
      const volume = await fixture.source.findVolume(path, unending);
      const disk = { targetDev: 'vda', from: path, to: path };
      const copies = [{ disk, changedAt: volume?.changedAt ?? null }];
      return { uuid, input: { ...onSource(fixture, uuid), copies }, paths: [path] };
    },
  },
  removeVolumes: {
    prepare: async (fixture) => {
      const made = await newVolume(fixture, 'destination', 'made');
      const old = `${dirname(made.path)}/old.img`;
      await fixture.source.createVolume(old, 4_096, unending);
      const { destination, source } = endsOf(fixture);
      const volumes = [
        { kind: 'volume', host: source, path: old, status: 'unwanted' },
        { kind: 'volume', host: destination, path: made.path, status: 'expected' },
      ];
      const input = { domainUuid: made.uuid, volumes };
      return { uuid: made.uuid, input, paths: [old, made.path] };
    },
  },
  forgetHalfMoved: {
    prepare: async (fixture) => {
      const guest = await fixture.newBareDomain();
      await fixture.source.destroy(guest.uuid, unending);
      const call = fixture.callFor(guest, { destinationConnectUri: null }, 'moveOffline');
      const link = await fixture.link();
      await link.begin(call, unending);
      await link.prepare(call, unending);
      await link.close();
      return {
        uuid: guest.uuid,
        input: { host: fixture.destination.uri, domainUuid: guest.uuid },
      };
    },
  },
  followMigration: {
    prepare: async (fixture) => {
      const guest = await guestOf(fixture);
      const ended = fixture.migrate(guest, { bandwidthMibPerS: 64 });
      return { uuid: guest.uuid, input: onSource(fixture, guest.uuid), ended };
    },
  },
  abortJob: { prepare: async (fixture) => slowly(fixture, {}) },
  setMaxDowntime: {
    mayBeRefused: true,
    prepare: async (fixture) => ending(fixture, await slowly(fixture, { downtimeMs: 700 })),
  },
  setBandwidth: {
    mayBeRefused: true,
    prepare: async (fixture) => ending(fixture, await slowly(fixture, { mibPerS: 2 })),
  },
  startPostcopy: {
    mayBeRefused: true,
    prepare: async (fixture) => slowly(fixture, {}, { postcopy: true }),
  },
};

const endsOf = ({ destination, source }: Fixture) => ({
  source: source.uri,
  destination: destination.uri,
});

const onSource = ({ source }: Fixture, domainUuid: string) => ({ host: source.uri, domainUuid });

/** A volume in the pool that both hosts have, and a domain on the source. */
async function newVolume(fixture: Fixture, role: 'source' | 'destination', name: string) {
  const { uuid } = await fixture.newBareDomain();
  const { pools } = await fixture[role].surveyHost(unending);
  const folder = pools.find(({ active, targetPath }) => active && targetPath !== null)?.targetPath;
  const path = `${folder}/${name}.img`;
  await fixture[role].createVolume(path, 4_096, unending);
  return { path, uuid };
}

/** A guest that is back on the source when its migration has been aborted serves again. */
const guests = new WeakMap<Fixture, DomainView>();

async function guestOf(fixture: Fixture): Promise<DomainView> {
  const known = guests.get(fixture);
  const isBack = known && (await fixture.status('source', known.uuid))?.state === 'running';
  const guest = isBack ? known : await fixture.newGuest('shared');
  guests.set(fixture, guest);
  return guest;
}

/** A migration that copies memory for a minute unless it is ended. */
async function slowly(
  fixture: Fixture,
  input: object,
  options: Parameters<Fixture['startSlowMigration']>[1] = {},
): Promise<Prepared> {
  const guest = await guestOf(fixture);
  const { ended } = await fixture.startSlowMigration(guest, options);
  return { uuid: guest.uuid, input: { ...onSource(fixture, guest.uuid), ...input }, ended };
}

/** What was set has no end of its own. */
function ending(fixture: Fixture, prepared: Prepared): Prepared {
  const end = async (): Promise<void> =>
    void (await fixture.source.abortJob(prepared.uuid, unending));
  return { ...prepared, end };
}
