import { volumeSwapInput } from '../../machines/index.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { Prepared, RerunCase } from './rerun-cases.ts';
import { about } from './rerun-snapshot-cases.ts';

/** Effects of `volume-swap`, on a guest whose files everybody sees. */
export const rerunSwapCases: Readonly<Record<string, RerunCase>> = {
  'volumeSwap.gatherFacts': {
    prepare: async (fixture) => {
      const { guest, to } = await withPlace(fixture);
      const order = { targetDev: 'vda', to, create: true, resizeBytes: null };
      const place = { domain: guest.name, host: fixture.source.uri };
      return { uuid: guest.uuid, input: volumeSwapInput({ ...place, disks: [order] }) };
    },
  },
  'volumeSwap.makeVolume': {
    prepare: async (fixture) => {
      const { guest, path, to } = await withPlace(fixture);
      const request = { to, virtualSizeBytes: sizeOf(guest), backing: null };
      return { ...about(fixture, guest, request), files: [path] };
    },
  },
  'volumeSwap.removeVolumes': {
    prepare: async (fixture) => {
      const { guest, path } = await withVolume(fixture);
      const paths = [path, fixture.newPath(guest, 'nothing')];
      return { ...about(fixture, guest, { paths }), files: paths };
    },
  },
  lookAtSwaps: { prepare: async (fixture) => copying(fixture) },
  dropSwaps: { prepare: async (fixture) => copying(fixture) },
  copyOffline: {
    prepare: async (fixture) => {
      const { from, guest, path, to } = await withVolume(fixture);
      await fixture.source.destroy(guest.uuid, unending);
      const request = { targetDev: 'vda', from, to, virtualSizeBytes: sizeOf(guest) };
      return { ...about(fixture, guest, request), files: [path] };
    },
  },
  persistSwap: {
    prepare: async (fixture) => {
      const { from, guest, to } = await withVolume(fixture);
      await fixture.source.destroy(guest.uuid, unending);
      return about(fixture, guest, { targetDev: 'vda', from, to, ...offline });
    },
  },
  resizeDisk: {
    prepare: async (fixture) => {
      const { from, guest } = await withVolume(fixture);
      const sizeBytes = 2 * sizeOf(guest);
      return about(fixture, guest, { targetDev: 'vda', image: from, sizeBytes });
    },
  },
};

const offline = { isOffline: true, isUnseen: false, sourceChangedAt: null } as const;

const sizeOf = ({ disks }: DomainView): number => disks[0]?.capacityBytes ?? 0;

const imageOf = (path: string, format: string) =>
  ({ source: { kind: 'file', path }, format }) as const;

async function withPlace(fixture: Fixture) {
  const guest = await fixture.newGuest('shared');
  const path = fixture.newPath(guest, 'new');
  const [disk] = guest.disks;
  const from = imageOf(disk?.path ?? '', disk?.format ?? '');
  return { guest, path, from, to: imageOf(path, 'qcow2') };
}

async function withVolume(fixture: Fixture) {
  const made = await withPlace(fixture);
  const { guest, path, to } = made;
  const virtualSizeBytes = sizeOf(guest);
  const image = { path, format: to.format, virtualSizeBytes, backing: null };
  await fixture.source.createImage(image, unending);
  return made;
}

/** For a minute and more. */
async function copying(fixture: Fixture): Promise<Prepared> {
  const { from, guest, to } = await withVolume(fixture);
  const options = { shallow: false, reuseExternal: true, transientJob: true } as const;
  await fixture.source.copyBlock(
    guest.uuid,
    'vda',
    to,
    { ...options, synchronousWrites: false, bandwidthMibPerS: 1 },
    unending,
  );
  return about(fixture, guest, {
    swaps: [{ targetDev: 'vda', from, to, isBegun: true, isAsked: false }],
  });
}
