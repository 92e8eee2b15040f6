import { dirname } from 'node:path/posix';

import { liveSnapshotInput } from '../../machines/index.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { Prepared, RerunCase } from './rerun-cases.ts';

const mib = 2 ** 20;

/** Effects of `live-snapshot`, on a guest whose files everybody sees. */
export const rerunLiveCases: Readonly<Record<string, RerunCase>> = {
  'liveSnapshot.gatherFacts': {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const directory = dirname(guest.disks[0]?.path ?? '/');
      const { uri } = fixture.source;
      const place = { domain: guest.name, host: uri, directory, fileName: 'image.qcow2' };
      return { uuid: guest.uuid, input: liveSnapshotInput(place) };
    },
  },
  keepDefinition: {
    prepare: async (fixture) => about(fixture, await fixture.newBareDomain(), {}),
  },
  defineAgain: {
    prepare: async (fixture) => {
      const guest = await fixture.newBareDomain();
      const definition = await fixture.source.readDefinition(guest.uuid, unending);
      await fixture.source.undefine(guest.uuid, unending);
      return about(fixture, guest, { definition });
    },
  },
  makeDelta: {
    prepare: async (fixture) => {
      const { guest, image } = await withFile(fixture, 'delta');
      const request = { delta: image, backing: null, virtualSizeBytes: mib };
      return { ...about(fixture, guest, request), files: [image.path] };
    },
  },
  lookAtCopies: { prepare: async (fixture) => copying(fixture) },
  dropCopies: { prepare: async (fixture) => copying(fixture) },
  askFreeze: {
    prepare: async (fixture) =>
      about(fixture, await fixture.newGuest('shared', 'well'), { timeoutMs: 5_000 }),
  },
  flattenDelta: {
    prepare: async (fixture) => {
      const { guest, image: from } = await withImage(fixture, 'delta');
      const to = { ...from, path: fixture.newPath(guest, 'part') };
      const request = { targetDev: 'vda', virtualSizeBytes: mib, from, to, compress: false };
      return { ...about(fixture, guest, request), files: [to.path] };
    },
  },
  inspectImage: {
    prepare: async (fixture) => {
      const { guest, image } = await withImage(fixture, 'image');
      return { ...about(fixture, guest, image), files: [image.path] };
    },
  },
  nameImage: {
    prepare: async (fixture) => {
      const { guest, image } = await withImage(fixture, 'part');
      const names = { from: image.path, to: fixture.newPath(guest, 'image') };
      return { ...about(fixture, guest, names), files: Object.values(names) };
    },
  },
  removeFiles: {
    prepare: async (fixture) => {
      const { guest, image } = await withImage(fixture, 'part');
      const paths = [image.path, fixture.newPath(guest, 'nothing')];
      return { ...about(fixture, guest, { paths }), files: paths };
    },
  },
};

function about({ source }: Fixture, { uuid }: DomainView, more: object): Prepared {
  return { uuid, input: { host: source.uri, domainUuid: uuid, ...more } };
}

async function withFile(fixture: Fixture, what: string) {
  const guest = await fixture.newGuest('shared');
  return { guest, image: { path: fixture.newPath(guest, what), format: 'qcow2' } };
}

async function withImage(fixture: Fixture, what: string) {
  const made = await withFile(fixture, what);
  const image = { ...made.image, virtualSizeBytes: mib, backing: null };
  await fixture.source.createImage(image, unending);
  return made;
}

/** Its disk is being copied, for a minute and more. */
async function copying(fixture: Fixture): Promise<Prepared> {
  const { guest, image } = await withFile(fixture, 'delta');
  const virtualSizeBytes = guest.disks[0]?.capacityBytes ?? 0;
  const { source } = fixture;
  await source.createImage({ ...image, virtualSizeBytes, backing: null }, unending);
  const options = { shallow: true, reuseExternal: true, transientJob: true } as const;
  await source.copyBlock(
    guest.uuid,
    'vda',
    { source: { kind: 'file', path: image.path }, format: image.format },
    { ...options, synchronousWrites: false, bandwidthMibPerS: 1 },
    unending,
  );
  const layers = [guest.disks[0]?.path];
  const copy = { targetDev: 'vda', deltaPath: image.path, layers };
  return about(fixture, guest, { copies: [copy] });
}
