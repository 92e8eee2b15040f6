import { describe, expect, test } from 'vitest';

import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { compareCopies, copyDisk, makeVolume } from '../../../src/bindings/copy-disk.ts';
import { FailureError } from '../../../src/ports/failure.ts';
import type { Hypervisors } from '../../../src/ports/hypervisor.ts';
import type { VolumeView } from '../../../src/ports/migration.ts';
import type { StreamProgress } from '../../../src/ports/observation.ts';
import { sharedGuest } from '../../support/simulated-migration.ts';

const kib = 1024;
const chunks = 40;
const { signal } = new AbortController();
const disk = { targetDev: 'vda', from: '/here/vda.img', to: '/there/vda.img' };
const on = {
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  domainUuid: 'uuid',
  disk,
};
const onSource = { host: on.source, domainUuid: on.domainUuid };
let nowEpochMs = 0;

const volume: VolumeView = {
  path: disk.from,
  format: 'qcow2',
  capacityBytes: 2 ** 30,
  fileBytes: chunks * kib,
  backingPath: null,
  changedAt: '1.5',
};

interface Hosts {
  readonly here?: VolumeView | null;
  readonly there?: VolumeView | null;
  readonly create?: () => Promise<void>;
  /** What the source shows when it is asked again. */
  readonly later?: VolumeView | null;
  /** Called before each chunk is read. */
  readonly onChunk?: () => void;
}

/** What the two effects ask of two hosts, and what they do there. */
function stage({ here = volume, later = here, there = null, create, onChunk }: Hosts = {}) {
  const made: string[] = [];
  const reports: StreamProgress[] = [];
  let writtenBytes = 0;
  const views = [here];
  const source = {
    findVolume: () => Promise.resolve(views.length > 0 ? (views.pop() ?? null) : later),
    async *readVolume() {
      for (let index = 0; index < chunks; index += 1) {
        onChunk?.();
        yield await Promise.resolve(new Uint8Array(kib));
      }
    },
  };
  const destination = {
    findVolume: () => Promise.resolve(there),
    createVolume: (path: string, fileBytes: number) => {
      made.push(`${path} ${fileBytes}`);
      return create?.() ?? Promise.resolve();
    },
    writeVolume: async (_: string, bytes: AsyncIterable<Uint8Array>) => {
      for await (const chunk of bytes) writtenBytes += chunk.byteLength;
    },
  };
  const { hypervisors } = createSimulatedWorld({
    seed: 1,
    clock: new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' }),
    hosts: [{ name: 'hostA' }, { name: 'hostB' }],
    domains: [sharedGuest],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const hosts: Hypervisors = {
    ...hypervisors,
    open: async (uri) =>
      Object.assign(await hypervisors.open(uri, signal), uri === on.source ? source : destination),
  };
  const tools = {
    signal,
    clock: { nowEpochMs: () => nowEpochMs, schedule: () => () => undefined },
    report: (streams: readonly StreamProgress[]) => void reports.push(...streams),
  };
  return {
    made,
    reports,
    written: () => writtenBytes,
    make: () => makeVolume(hosts, on, tools),
    copy: () => copyDisk(hosts, on, tools),
    compare: (changedAt: string | null) =>
      compareCopies(hosts, { ...onSource, copies: [{ disk, changedAt }] }, tools),
    compareNothing: () => compareCopies(hosts, { ...onSource, copies: [] }, tools),
  };
}

describe('the volume that a disk is copied to', () => {
  test('is as large as the file, not as the disk in it', async () => {
    const { made, make } = stage();
    await make();
    expect(made).toEqual([`${disk.to} ${chunks * kib}`]);
  });

  test('is not made where the source has none in a pool', async () => {
    const { made, make } = stage({ here: null });
    await expect(make()).rejects.toMatchObject({ failure: { code: 'noVolume', effect: 'none' } });
    expect(made).toEqual([]);
  });

  test('is not made where the image below it is missing', async () => {
    const { made, make } = stage({ here: { ...volume, backingPath: '/base.img' } });
    await expect(make()).rejects.toMatchObject({
      failure: { code: 'noBackingImage', message: expect.stringContaining('/base.img') },
    });
    expect(made).toEqual([]);
  });

  test('is made where the image below it is there', async () => {
    const { made, make } = stage({ here: { ...volume, backingPath: '/base.img' }, there: volume });
    await make();
    expect(made).toHaveLength(1);
  });

  test('that stands there already is told as such', async () => {
    const failure = { code: 'volumeExists', message: 'it is there', effect: 'none' } as const;
    const { make } = stage({ create: () => Promise.reject(new FailureError(failure)) });
    await expect(make()).rejects.toMatchObject({ failure });
  });
});

describe('the copy of a disk', () => {
  test('writes every byte and tells so in the end', async () => {
    const { copy, written, reports } = stage();
    await copy();
    expect(written()).toBe(chunks * kib);
    expect(reports.at(-1)).toMatchObject({
      stream: 'vda',
      processedBytes: chunks * kib,
      totalBytes: chunks * kib,
      remainingBytes: 0,
    });
  });

  test('tells its progress now and then, and never backwards', async () => {
    const staged = stage({ onChunk: () => (nowEpochMs += 100) });
    await staged.copy();
    const told = staged.reports.map(({ processedBytes }) => processedBytes);
    expect(told.length).toBeGreaterThan(5);
    expect(told.length).toBeLessThan(chunks / 2);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test('is not begun where the source has none in a pool', async () => {
    const { copy, written } = stage({ here: null });
    await expect(copy()).rejects.toMatchObject({ failure: { code: 'noVolume' } });
    expect(written()).toBe(0);
  });
});

const changes = [
  ['was written to', { ...volume, changedAt: '1.6' }],
  ['has grown', { ...volume, fileBytes: volume.fileBytes + 1 }],
] as const;

describe('a disk that changes on the source', () => {
  test('and does not, is told as it was copied', async () => {
    expect(await stage().copy()).toMatchObject({ changedAt: volume.changedAt });
  });

  test.each(changes)('while it is copied (it %s) makes the copy worthless', async (_, later) => {
    await expect(stage({ later }).copy()).rejects.toMatchObject({
      failure: {
        code: 'diskChanged',
        message: expect.stringContaining(`vda (${disk.from})`),
        effect: 'none',
      },
    });
  });

  test('after it was copied is found out', async () => {
    await expect(stage().compare('1.4')).rejects.toMatchObject({
      failure: { code: 'diskChanged' },
    });
    await expect(stage().compare('1.5')).resolves.toBeUndefined();
  });

  test('by having gone is found out, too', async () => {
    await expect(stage({ here: null }).compare('1.5')).rejects.toMatchObject({
      failure: { code: 'noVolume' },
    });
  });

  test('is not looked for where nothing was copied', async () => {
    await expect(stage({ here: null }).compareNothing()).resolves.toBeUndefined();
  });
});
