import { managedSaveInput } from '../../machines/index.ts';
import { savingOptions } from '../../machines/policy/managed-save/managed-save.ts';
import type { SavedPlace } from '../../src/ports/saving.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { Prepared, RerunCase } from './rerun-cases.ts';

const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;

/** Effects of `managed-save`, on a domain without disks, or on what is in its stead. */
export const rerunSavingCases: Readonly<Record<string, RerunCase>> = {
  'managedSave.gatherFacts': {
    prepare: async (fixture) => {
      const { name, uuid } = await fixture.newBareDomain();
      const { uri } = fixture.source;
      return { uuid, input: managedSaveInput({ domain: name, host: uri, action: 'save' }) };
    },
  },
  lookAtSaved: { prepare: saved },
  noteSaved: { prepare: saved },
  removeImage: { prepare: saved },
  forgetNotes: {
    prepare: async (fixture) => {
      const { uuid } = await fixture.newBareDomain();
      await fixture.source.managedSave(uuid, plainly, unending);
      await fixture.source.noteSaved({ kind: 'managed', domainUuid: uuid }, [], unending);
      const starting = { paused: false, bypassCache: false, forceBoot: false };
      await fixture.source.start(uuid, starting, unending);
      return { uuid, input: { host: fixture.source.uri, domainUuid: uuid } };
    },
  },
  /** Half a memory, of a guest that runs on: here it is a file that is none. */
  discardSaved: {
    prepare: async (fixture) => {
      const { disks, uuid } = await fixture.newGuest('private');
      const path = `${disks[0]?.path}.mem`;
      await fixture.source.createVolume(path, 4_096, unending);
      return { ...about(fixture, uuid, { kind: 'file', path }), paths: [path] };
    },
  },
};

async function saved(fixture: Fixture): Promise<Prepared> {
  const { uuid } = await fixture.newBareDomain();
  await fixture.source.managedSave(uuid, plainly, unending);
  return about(fixture, uuid, { kind: 'managed', domainUuid: uuid });
}

function about({ source }: Fixture, uuid: string, place: SavedPlace): Prepared {
  const input = { host: source.uri, domainUuid: uuid, place, options: savingOptions };
  return { uuid, input };
}
