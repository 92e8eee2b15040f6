import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

/** Several messages of a stream, and no whole number of them. */
const sizeBytes = 700_000;
const content = Buffer.alloc(sizeBytes, 'a disk, in so many words; ');

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes);
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** A path of the destination's pool where nothing stands; the fixture's guests keep theirs there. */
async function newPath(fixture: Fixture): Promise<string> {
  const guest = await fixture.newGuest('private');
  return guest.disks[0]?.path ?? '';
}

/** What an offline migration does with disks. */
export const volumesCases: Cases = {
  'a volume is made, written and read': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    expect(await destination.findVolume(path, unending)).toBeNull();
    await destination.createVolume(path, sizeBytes, unending);
    await destination.writeVolume(path, inPieces(content, 100_000), sizeBytes, unending);
    expect(await destination.findVolume(path, unending)).toEqual({
      path,
      format: 'raw',
      capacityBytes: sizeBytes,
      fileBytes: sizeBytes,
      backingPath: null,
      changedAt: expect.any(String),
    });
    expect((await collect(destination.readVolume(path, unending))).equals(content)).toBe(true);
    await destination.deleteVolume(path, unending);
  },

  'a volume tells that it was written to, and not that it was read': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    const changedAt = async () => (await destination.findVolume(path, unending))?.changedAt;
    await destination.createVolume(path, sizeBytes, unending);
    const made = await changedAt();
    await destination.writeVolume(path, inPieces(content, 100_000), sizeBytes, unending);
    const written = await changedAt();
    await collect(destination.readVolume(path, unending));
    expect(await changedAt()).toBe(written);
    await destination.writeVolume(path, inPieces(content, 100_000), sizeBytes, unending);
    expect(new Set([made, written, await changedAt()]).size).toBe(3);
    await destination.deleteVolume(path, unending);
  },

  "a disk's file goes over as it is": async (fixture) => {
    const { destination, source } = fixture;
    const guest = await fixture.newGuest('private');
    const path = guest.disks[0]?.path ?? '';
    await source.destroy(guest.uuid, unending);
    const here = await source.findVolume(path, unending);
    const fileBytes = here?.fileBytes ?? 0;
    await destination.createVolume(path, fileBytes, unending);
    await destination.writeVolume(path, source.readVolume(path, unending), fileBytes, unending);
    expect(await destination.findVolume(path, unending)).toMatchObject({ path, fileBytes });
    const [sent, arrived] = await Promise.all([
      collect(source.readVolume(path, unending)),
      collect(destination.readVolume(path, unending)),
    ]);
    expect(arrived.equals(sent)).toBe(true);
    await destination.deleteVolume(path, unending);
  },

  'a volume is not made twice': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    await destination.createVolume(path, sizeBytes, unending);
    const failure = await failureOf(destination.createVolume(path, sizeBytes, unending));
    expect(failure).toMatchObject({ code: 'volumeExists', effect: 'none' });
    await destination.deleteVolume(path, unending);
  },

  'no volume is made where no pool is': async ({ destination }) => {
    const failure = await failureOf(destination.createVolume('/nowhere/disk', 512, unending));
    expect(failure).toMatchObject({ code: 'noPool', effect: 'none' });
  },

  'what does not exist is neither read nor written': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    const read = await failureOf(collect(destination.readVolume(path, unending)));
    expect(read).toMatchObject({ effect: 'none', libvirt: { code: 50 } });
    const pieces = inPieces(content, 1_000);
    const written = await failureOf(destination.writeVolume(path, pieces, sizeBytes, unending));
    expect(written).toMatchObject({ effect: 'none', libvirt: { code: 50 } });
  },

  'less than was announced is a failure': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    await destination.createVolume(path, sizeBytes, unending);
    const half = inPieces(content.subarray(0, sizeBytes / 2), 100_000);
    const failure = await failureOf(destination.writeVolume(path, half, sizeBytes, unending));
    expect(failure).toMatchObject({ code: 'invalidArgument' });
    await destination.deleteVolume(path, unending);
  },

  'an abort ends a transfer in its middle': async (fixture) => {
    const { destination } = fixture;
    const path = await newPath(fixture);
    await destination.createVolume(path, sizeBytes, unending);
    const abort = new AbortController();
    async function* abortedUnderway(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 100_000);
      abort.abort();
      yield* inPieces(content.subarray(100_000), 100_000);
    }
    const failure = await failureOf(
      destination.writeVolume(path, abortedUnderway(), sizeBytes, abort.signal),
    );
    expect(failure).toMatchObject({ code: 'aborted' });
    await destination.deleteVolume(path, unending);
  },
};
