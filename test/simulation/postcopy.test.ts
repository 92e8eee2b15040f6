import { describe, expect, test } from 'vitest';
import type { Fault, PostcopyMoment } from '../../src/adapters/simulated/index.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { MigrationOptions } from '../../src/ports/migration.ts';
import { failureOf } from '../contract/fixture.ts';
import { DrivenScene } from './driven.ts';
import { mib, Scene, sharedGuest, unending } from './scene.ts';

const busyGuest = { ...sharedGuest, dirtyBytesPerS: 128 * mib };
const postcopy = { postcopy: true, postcopyBandwidthMibPerS: 16 } as const;

const arrived = 'running migrated persistent';
const sourceFailed = 'paused postcopyFailed persistent migrationOut';
const destinationFailed = 'running postcopyFailed persistent migrationIn';

function breakAt(moment: PostcopyMoment, afterMs = 0, how: 'breakStream' | 'refuseStreams') {
  return { at: { postcopy: moment, afterMs }, do: how } as const satisfies Fault;
}

interface Migrating {
  readonly scene: Scene;
  readonly ended: Promise<Failure | null>;
}

/** Post-copy is asked for ten seconds after the migration began. */
async function startPostcopy(
  faults: readonly Fault[] = [],
  options: Partial<MigrationOptions> = {},
): Promise<Migrating> {
  const scene = new Scene({ guest: busyGuest, faults });
  const ended = scene.run(() => scene.migrateWatched({ ...postcopy, ...options }));
  await scene.pass(10_000);
  expect(scene.where('hostA')).toBe('running booted persistent migrationOut');
  const source = await scene.host('hostA');
  await scene.run(() => source.startPostcopy(scene.uuid, unending));
  return { scene, ended };
}

function told({ record }: Scene, who: 'source' | 'destination', after: string): string[] {
  const lines = record
    .filter(
      (line) =>
        line.startsWith(`${who} `) && !line.includes('{') && !/ (state|iteration) /.test(line),
    )
    .map((line) => line.replace(/^\w+ /, '').replace(/ \d+$/, ''));
  return lines.slice(lines.indexOf(after));
}

async function resume(scene: Scene): Promise<Failure | null> {
  const source = await scene.host('hostA');
  const call = scene.callFor(postcopy, 'resumePostcopy');
  return scene.run(() => failureOf(source.migrate(call, unending)));
}

describe('post-copy', () => {
  test('ends a migration that never converges, as the lab shows it', async () => {
    const { scene, ended } = await startPostcopy();
    expect(await ended).toBeNull();
    expect(told(scene, 'source', 'suspended migrated')).toEqual([
      'suspended migrated',
      'migrationStatus pre-switchover',
      'migrationStatus postcopy-active',
      'suspended postcopy',
      'migrationStatus completed',
      'stopped migrated',
      'jobCompleted',
    ]);
    expect(told(scene, 'destination', 'migrationStatus active')).toEqual([
      'migrationStatus active',
      'migrationStatus postcopy-active',
      'resumed postcopy',
      'migrationStatus completed',
      'resumed migrated',
    ]);
    expect(scene.where('hostA')).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
    const spans = scene.world.ticks(scene.uuid);
    expect(spans.map(({ host }) => host)).toEqual(['hostA', 'hostB']);
    expect(spans[1]?.firstTick).toBe((spans[0]?.lastTick ?? 0) + 1);
    expect((spans[1]?.fromEpochMs ?? 0) - (spans[0]?.toEpochMs ?? 0)).toBeLessThan(200);
  });

  test('shows on both hosts while it lasts, and cannot be aborted', async () => {
    const { scene, ended } = await startPostcopy();
    await scene.pass(2_000);
    expect(scene.where('hostA')).toBe('paused postcopy persistent migrationOut');
    expect(scene.where('hostB')).toBe('running postcopy persistent migrationIn');
    const source = await scene.host('hostA');
    const abort = await scene.run(() => failureOf(source.abortJob(scene.uuid, unending)));
    expect(abort).toMatchObject({ code: 'operationInvalid', effect: 'none' });
    expect(await ended).toBeNull();
  });

  test('is not for a guest that is paused', async () => {
    const scene = new Scene({ guest: { ...sharedGuest, state: 'paused' } });
    const failure = await scene.run(() => scene.migrate({ postcopy: true }));
    expect(failure).toMatchObject({ code: 'unsupported', libvirt: { code: 74 } });
    expect(scene.where('hostA')).toBe('paused user persistent');
  });
});

describe('a stream that breaks when the destination runs', () => {
  const faults = [breakAt('destinationRuns', 1_000, 'refuseStreams')];

  test('leaves half a guest and a job on both hosts, and says so', async () => {
    const { scene, ended } = await startPostcopy(faults);
    expect(await ended).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
    expect(scene.where('hostA')).toBe(sourceFailed);
    expect(scene.where('hostB')).toBe(destinationFailed);
    expect(told(scene, 'source', 'migrationStatus postcopy-paused')).toEqual([
      'migrationStatus postcopy-paused',
      'suspended postcopyFailed',
    ]);
    expect(told(scene, 'destination', 'migrationStatus postcopy-paused')).toEqual([
      'migrationStatus postcopy-paused',
      'resumed postcopyFailed',
    ]);
    expect(scene.running).toEqual(['hostB']);
  });

  test('can be resumed as soon as a stream can be opened', async () => {
    const { scene, ended } = await startPostcopy(faults);
    await ended;
    expect(await resume(scene)).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
    expect(scene.where('hostA')).toBe(sourceFailed);
    expect(scene.where('hostB')).toBe(destinationFailed);
    scene.world.restoreLink();
    expect(await resume(scene)).toBeNull();
    expect(scene.where('hostA')).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
    expect(scene.world.ticks(scene.uuid)).toHaveLength(2);
  });

  test('may break again, and again be resumed', async () => {
    const { scene, ended } = await startPostcopy([breakAt('destinationRuns', 500, 'breakStream')]);
    await ended;
    const resumed = resume(scene);
    await scene.pass(2_000);
    expect(scene.where('hostA')).toBe('paused postcopy persistent migrationOut');
    expect(scene.where('hostB')).toBe('running postcopy persistent migrationIn');
    scene.world.breakStreams('once');
    expect(await resumed).toMatchObject({ libvirt: { code: 9 } });
    expect(scene.where('hostA')).toBe(sourceFailed);
    expect(await resume(scene)).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });

  test('is refused to be resumed where nothing has failed', async () => {
    const scene = new Scene();
    expect(await resume(scene)).toMatchObject({ code: 'operationInvalid' });
    const { scene: busy, ended } = await startPostcopy();
    await busy.pass(1_000);
    expect(await resume(busy)).toMatchObject({
      message: expect.stringContaining('actively monitored'),
    });
    expect(await ended).toBeNull();
  });

  test('outlives both daemons', async () => {
    const { scene, ended } = await startPostcopy(faults);
    await ended;
    for (const host of ['hostA', 'hostB']) {
      scene.world.killDaemon(host);
      scene.world.startDaemon(host);
    }
    expect(scene.where('hostA')).toBe(sourceFailed);
    expect(scene.where('hostB')).toBe(destinationFailed);
    scene.world.restoreLink();
    expect(await resume(scene)).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });
});

test('a stream that breaks before the destination runs leaves nothing that can go on', async () => {
  const { scene } = await startPostcopy([breakAt('begun', 0, 'breakStream')]);
  await scene.pass(600_000);
  expect(scene.where('hostA')).toBe(sourceFailed);
  expect(scene.where('hostB')).toBe('paused migration persistent migrationIn');
  expect(scene.running).toEqual([]);
  expect(await resume(scene)).toMatchObject({
    code: 'operationInvalid',
    message: expect.stringContaining('actively monitored'),
  });
});

test('a destination daemon that dies as post-copy begins takes the guest with it', async () => {
  const { scene, ended } = await startPostcopy([
    { at: { postcopy: 'begun' }, do: 'killDestinationDaemon' },
  ]);
  expect(await ended).toMatchObject({ effect: 'unknown' });
  expect(scene.where('hostA')).toBe(sourceFailed);
  scene.world.startDaemon('hostB');
  await scene.pass(60_000);
  expect(scene.where('hostB')).toBeNull();
  expect(scene.where('hostA')).toBe(sourceFailed);
});

test('a source daemon that dies as post-copy begins takes the guest back', async () => {
  const { scene, ended } = await startPostcopy([
    { at: { postcopy: 'begun' }, do: 'killSourceDaemon' },
    { at: { postcopy: 'begun', afterMs: 10 }, do: 'startDaemons' },
  ]);
  expect(await ended).toMatchObject({ code: 'connectionLost' });
  await scene.pass(60_000);
  expect(scene.where('hostA')).toMatch(/^running \w+ persistent$/);
  expect(scene.where('hostB')).toBeNull();
  expect(scene.running).toEqual(['hostA']);
});

describe('a post-copy that nobody looks after any more', () => {
  test.each(['hostA', 'hostB'] as const)('ends by itself on %s', async (host) => {
    const { scene, ended } = await startPostcopy();
    await scene.pass(2_000);
    scene.world.killDaemon(host);
    scene.world.startDaemon(host);
    await ended;
    await scene.pass(60_000);
    expect(scene.where('hostB')).toBe(arrived);
    // Nobody is there to ask for the end of the source's definition.
    expect(scene.where('hostA')).toBe('shutoff migrated persistent');
  });

  test('is left alone while the daemons do not hear each other', async () => {
    const { scene, ended } = await startPostcopy([
      { at: { postcopy: 'destinationRuns', afterMs: 500 }, do: 'cutLink' },
      { at: { postcopy: 'destinationRuns', afterMs: 60_000 }, do: 'restoreLink' },
    ]);
    expect(await ended).toMatchObject({ effect: 'unknown' });
    expect(scene.where('hostA')).toBe(sourceFailed);
    await scene.pass(120_000);
    expect(scene.where('hostA')).toBe('shutoff migrated persistent');
    expect(scene.where('hostB')).toBe(arrived);
  });
});

async function performed(faults: readonly Fault[] = []): Promise<DrivenScene> {
  const scene = new DrivenScene({ guest: busyGuest, options: postcopy, faults });
  expect(await scene.drive('begin', 'prepare')).toBeNull();
  const perform = scene.phase('perform');
  await scene.pass(5_000);
  const source = await scene.host('hostA');
  await scene.run(() => source.startPostcopy(scene.uuid, unending));
  expect(await perform).toBeNull();
  return scene;
}

describe('post-copy that we drive ourselves', () => {
  test('is Perform until the source is post-copy, and Finish until all is there', async () => {
    const scene = await performed();
    expect(scene.where('hostA')).toBe('paused postcopy persistent migrationOut');
    expect(await scene.drive('finish')).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
    expect(await scene.drive('confirm')).toBeNull();
    expect(scene.where('hostA')).toBeNull();
  });

  test('broken, is resumed phase by phase on a new link', async () => {
    const scene = await performed([breakAt('destinationRuns', 1_000, 'breakStream')]);
    expect(await scene.drive('finish')).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
    expect(await scene.phase('confirm', true)).toBeNull();
    expect([scene.where('hostA'), scene.where('hostB')]).toEqual([sourceFailed, destinationFailed]);
    const resumed = scene.callFor({ ...postcopy, destinationConnectUri: null }, 'resumePostcopy');
    for (const phase of ['begin', 'prepare', 'perform', 'finish', 'confirm'] as const)
      expect(await scene.phase(phase, false, resumed)).toBeNull();
    expect(scene.where('hostA')).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });

  test('goes on without us to its end', async () => {
    const scene = await performed();
    const finish = scene.phase('finish');
    await scene.pass(1_000);
    scene.world.dropClient();
    expect(await finish).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    await scene.pass(100);
    expect(scene.where('hostA')).toBe(sourceFailed);
    expect(scene.where('hostB')).toBe('running postcopy persistent migrationIn');
    await scene.pass(60_000);
    expect(scene.where('hostA')).toBe('shutoff migrated persistent');
    expect(scene.where('hostB')).toBe(arrived);
  });

  test('that Finish has lost is confirmed where QEMU says that it is over', async () => {
    const scene = await performed([{ at: { call: 'link.finish' }, do: 'loseReply' }]);
    expect(await scene.drive('finish')).toMatchObject({ effect: 'unknown' });
    expect(await scene.phase('confirm', true)).toBeNull();
    expect(scene.where('hostA')).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });
});
