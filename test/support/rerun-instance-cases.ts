import { basename, dirname } from 'node:path/posix';

import { instanceSnapshotInput } from '../../machines/index.ts';
import { createImageStores } from '../../src/adapters/images/index.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { RerunCase } from './rerun-cases.ts';

const mib = 2 ** 20;
const format = 'qcow2';

/** Effects of `instance-snapshot`, into a directory that everybody sees. */
export const rerunInstanceCases: Readonly<Record<string, RerunCase>> = {
  'instanceSnapshot.gatherFacts': {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const { uri: host } = fixture.source;
      const directory = dirname(guest.disks[0]?.path ?? '/');
      const store = { kind: 'directory', directory } as const;
      const input = instanceSnapshotInput({ domain: guest.name, host, store, name: 'nightly' });
      return { uuid: guest.uuid, input };
    },
  },
  'instanceSnapshot.keepImage': {
    prepare: async (fixture) => {
      const { files, guest, name, place } = await staged(fixture);
      const source = {
        host: place.host,
        domainUuid: guest.uuid,
        domainName: guest.name,
        targetDev: 'vda',
      };
      const createdAtEpochMs = 1_000;
      const consistency = 'crash';
      const metadata = {
        name,
        format,
        virtualSizeBytes: mib,
        consistency,
        createdAtEpochMs,
        source,
      };
      return { uuid: guest.uuid, input: { ...place, metadata }, files };
    },
  },
  'instanceSnapshot.removeImage': {
    prepare: async (fixture) => {
      const { files, guest, name, place } = await staged(fixture);
      return { uuid: guest.uuid, input: { ...place, name, format }, files };
    },
  },
};

/** A snapshot has left its image where the store expects it. */
async function staged(fixture: Fixture) {
  const guest = await fixture.newGuest('shared');
  const { uri: host } = fixture.source;
  const free = fixture.newPath(guest, 'kept');
  const store = { kind: 'directory', directory: dirname(free) } as const;
  const name = basename(free).replace(/\.[^.]*$/, '');
  const shelf = await createImageStores(fixture.hosts.hypervisors).open(store, host, unending);
  const path = shelf.stagingPath(name, format);
  const image = { path, format, virtualSizeBytes: mib, backing: null };
  await fixture.source.createImage(image, unending);
  const files = [path, shelf.place(name, format), `${store.directory}/${name}.json`];
  return { files, guest, name, place: { host, store } };
}
