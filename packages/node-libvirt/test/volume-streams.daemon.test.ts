import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  EncodeError,
  isNoStorageVol,
  open,
  type Connection,
  type StoragePool,
  type StorageVol,
} from '../src/index.ts';
import { describePair, uniqueName } from './daemon.ts';

const mebibyte = 1_048_576;
/** Not a multiple of anything: of messages, of segments, of sectors. */
const sizeBytes = 9 * mebibyte + 12_345;

function rawVolume(name: string, capacityBytes: number): string {
  return `<volume><name>${name}</name><capacity unit='bytes'>${capacityBytes}</capacity>
    <target><format type='raw'/></target></volume>`;
}

async function upload(vol: StorageVol, data: Uint8Array): Promise<void> {
  const stream = await vol.upload({ lengthBytes: data.length });
  for (let at = 0; at < data.length; at += mebibyte) {
    await stream.write(data.subarray(at, at + mebibyte));
  }
  await stream.finish();
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const piece of pieces) collected.push(piece);
  return Buffer.concat(collected);
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

describePair('volumes of two real daemons', (from, to) => {
  let source: Connection;
  let destination: Connection;
  let pools: readonly [StoragePool, StoragePool];
  let name: string;
  let vol: StorageVol;

  beforeEach(async () => {
    [source, destination] = [await open(from), await open(to)];
    pools = [
      await source.storagePoolLookupByName('images'),
      await destination.storagePoolLookupByName('images'),
    ];
    name = uniqueName();
    vol = await pools[0].storageVolCreateXML(rawVolume(name, sizeBytes));
  });

  afterEach(async () => {
    for (const pool of pools) {
      const left = await pool.storageVolLookupByName(name).catch(() => null);
      await left?.delete();
    }
    await Promise.all([source.close(), destination.close()]);
  });

  it('go up and come down as they were', async () => {
    const data = randomBytes(sizeBytes);
    await upload(vol, data);
    const back = await collect(vol.download());
    expect([back.length, sha256(back)]).toEqual([sizeBytes, sha256(data)]);
    const part = await collect(vol.download({ offsetBytes: 5 * mebibyte - 7, lengthBytes: 4_321 }));
    expect(part.equals(data.subarray(5 * mebibyte - 7, 5 * mebibyte - 7 + 4_321))).toBe(true);
    expect(await collect(vol.download({ offsetBytes: sizeBytes + mebibyte }))).toHaveLength(0);
  });

  it('go from one host to the other with nothing in between but what is under way', async () => {
    const data = randomBytes(sizeBytes);
    await upload(vol, data);
    expect(await vol.getXMLDesc()).toContain("<format type='raw'/>");
    const copy = await pools[1].storageVolCreateXML(rawVolume(name, sizeBytes));
    const stream = await copy.upload();
    for await (const piece of vol.download()) await stream.write(piece);
    await stream.finish();
    expect(sha256(await collect(copy.download()))).toBe(sha256(data));
  });

  it('take an upload at its place, and leave the rest as it was', async () => {
    const before = randomBytes(sizeBytes);
    await upload(vol, before);
    const stream = await vol.upload({ offsetBytes: 1_000, lengthBytes: 8 });
    await stream.write(Buffer.from('tooshort').subarray(0, 3));
    // Less than was announced is no error to libvirt.
    await stream.finish();
    const after = await collect(vol.download());
    expect(after.subarray(1_000, 1_003).toString()).toBe('too');
    expect(after.subarray(1_003).equals(before.subarray(1_003))).toBe(true);
  });

  it('never get more than was announced', async () => {
    const stream = await vol.upload({ lengthBytes: 1_000 });
    await stream.write(Buffer.alloc(1_000, 1));
    await expect(stream.write(Buffer.alloc(1, 2))).rejects.toThrow(EncodeError);
    await stream.finish();
    const taken = await collect(vol.download({ lengthBytes: 1_001 }));
    expect([taken[999], taken[1_000]]).toEqual([1, 0]);
  });

  it('let an upload be aborted in the middle, and take another after it', async () => {
    const stream = await vol.upload();
    await stream.write(Buffer.alloc(3 * mebibyte, 1));
    const reason = new Error('changed my mind');
    await stream.abort(reason);
    await expect(stream.finish()).rejects.toBe(reason);
    const data = randomBytes(sizeBytes);
    await upload(vol, data);
    expect(sha256(await collect(vol.download()))).toBe(sha256(data));
  });

  it('let a download be left in the middle, and go on', async () => {
    for await (const piece of vol.download()) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    const controller = new AbortController();
    const left = collect(vol.download({ signal: controller.signal }));
    controller.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    expect(await collect(vol.download())).toHaveLength(sizeBytes);
  });

  it('that are not there any more are an error of the daemon, both ways', async () => {
    await vol.delete();
    await expect(vol.upload()).rejects.toSatisfy(isNoStorageVol);
    await expect(collect(vol.download())).rejects.toSatisfy(isNoStorageVol);
    expect(await source.getHostname()).not.toBe('');
  });
});
