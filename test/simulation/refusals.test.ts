import { describe, expect, test } from 'vitest';
import type { MigrationOptions } from '../../src/ports/migration.ts';
import type { SceneOptions } from './scene.ts';
import { privateGuest, Scene, sharedGuest, unending } from './scene.ts';

const untouched = 'running booted persistent';

async function tryWith(options: Partial<MigrationOptions>, scene: SceneOptions = {}) {
  const made = new Scene(scene);
  const failure = await made.run(() => made.migrate(options));
  return { made, failure };
}

describe('what does not go together is refused by Begin, and by the judgement before it', () => {
  test.each<[Partial<MigrationOptions>, number]>([
    [{ tunnelled: true, postcopy: true }, 74],
    [{ tunnelled: true, copyStorage: 'all' }, 84],
    [{ zerocopy: true }, 55],
  ])('%j', async (options, code) => {
    const { made, failure } = await tryWith(options, { guest: privateGuest });
    expect(failure).toMatchObject({ libvirt: { code } });
    expect(made.where('hostA')).toBe(untouched);
    const source = await made.host('hostA');
    const verdict = made.run(() => source.judgeMigration(made.callFor(options), unending));
    expect(await verdict).toMatchObject({ libvirt: { code } });
  });

  test('a disk that the domain does not have', async () => {
    const made = new Scene({ guest: privateGuest });
    const source = await made.host('hostA');
    const call = { ...made.callFor({ copyStorage: 'all' }), copyDisks: ['vda', 'vdz'] };
    const migrated = made.run(() => source.migrate(call, unending));
    await expect(migrated).rejects.toMatchObject({ failure: { libvirt: { code: 8 } } });
  });
});

describe('a tunnel between the daemons', () => {
  test('needs no name that the source can resolve', async () => {
    const { failure } = await tryWith(
      { tunnelled: true },
      { destination: { hostname: 'nowhere.example' } },
    );
    expect(failure).toBeNull();
  });

  test('takes no heed of resets on the ports of migrations', async () => {
    const at = { phase: 'perform3', afterMs: 1_000 } as const;
    const { failure } = await tryWith(
      { tunnelled: true },
      { faults: [{ at, do: 'refuseStreams' }] },
    );
    expect(failure).toBeNull();
    const plain = await tryWith({}, { faults: [{ at, do: 'refuseStreams' }] });
    expect(plain.failure).toMatchObject({ libvirt: { code: 9 } });
    expect(plain.made.where('hostA')).toBe(untouched);
    expect(plain.made.where('hostB')).toBeNull();
  });

  test('dies with the source daemon, where QEMU alone would have gone on', async () => {
    const faults = [{ at: { phase: 'perform3', afterMs: 1_000 }, do: 'killSourceDaemon' }] as const;
    const { made } = await tryWith({ tunnelled: true }, { faults });
    await made.pass(60_000);
    expect(made.running).toEqual(['hostA']);
    made.world.startDaemon('hostA');
    expect(made.where('hostA')).toBe(untouched);
    await made.pass(60_000);
    expect(made.where('hostB')).toBeNull();
  });
});

describe('TLS', () => {
  const certified = { certificateName: 'hostB' };

  test('moves the guest between hosts that have certificates', async () => {
    const scene = { source: { certificateName: 'hostA' }, destination: certified };
    expect((await tryWith({ tls: true }, scene)).failure).toBeNull();
  });

  test.each([
    ['source', { destination: certified }],
    ['destination', { source: { certificateName: 'hostA' } }],
  ])('is refused where the %s has none', async (_, scene) => {
    const { made, failure } = await tryWith({ tls: true }, scene);
    expect(failure).toMatchObject({ libvirt: { code: 1 } });
    expect(made.where('hostA')).toBe(untouched);
    expect(made.where('hostB')).toBeNull();
  });

  test.each<[string, Partial<MigrationOptions>, boolean]>([
    ['another name than the host has', { tlsDestination: 'other' }, false],
    ['the name that is asked for', { tlsDestination: 'hostB' }, true],
    ['an address that is not the name', { migrationUri: 'tcp://10.0.0.2' }, false],
    [
      'an address, and the name beside it',
      { migrationUri: 'tcp://10.0.0.2', tlsDestination: 'hostB' },
      true,
    ],
  ])('trusts a certificate: %s', async (_, options, isTrusted) => {
    const scene = { source: { certificateName: 'hostA' }, destination: certified };
    const { made, failure } = await tryWith({ tls: true, ...options }, scene);
    expect(failure === null).toBe(isTrusted);
    expect(made.running).toEqual([isTrusted ? 'hostB' : 'hostA']);
  });
});

describe('the destination', () => {
  test('refuses a machine type that it does not know', async () => {
    const guest = { ...sharedGuest, machineType: 'pc-q35-10.0' };
    const { made, failure } = await tryWith({}, { guest });
    expect(failure).toMatchObject({ libvirt: { code: 67 } });
    expect(made.where('hostA')).toBe(untouched);
    const { failure: none } = await tryWith(
      {},
      { guest, destination: { machineTypes: ['pc-q35-7.2', 'pc-q35-10.0'] } },
    );
    expect(none).toBeNull();
  });

  test('runs out of ports, which a named port does not need', async () => {
    const destination = { migrationPorts: 0 };
    const { made, failure } = await tryWith({}, { destination });
    expect(failure).toMatchObject({
      libvirt: { code: 9 },
      message: expect.stringContaining('unused port'),
    });
    expect(made.where('hostA')).toBe(untouched);
    expect(made.where('hostB')).toBeNull();
    const named = await tryWith({ migrationUri: 'tcp://hostB:50000' }, { destination });
    expect(named.failure).toBeNull();
  });

  test('needs a second port for copied disks', async () => {
    const scene = { guest: privateGuest, destination: { migrationPorts: 1 } };
    const { failure } = await tryWith({ copyStorage: 'all' }, scene);
    expect(failure).toMatchObject({ message: expect.stringContaining('unused port') });
    expect((await tryWith({ copyStorage: 'all', disksPort: 50_001 }, scene)).failure).toBeNull();
  });

  test('loses its ports by a fault', async () => {
    const faults = [{ at: { phase: 'begin3' }, do: 'exhaustPorts' }] as const;
    expect((await tryWith({}, { faults })).failure).toMatchObject({ libvirt: { code: 9 } });
  });
});

test('a second revert within a second would name the same overlays: it is refused, with the guest down', async () => {
  const newer = { libvirtVersion: 11_003_000 };
  const [disk] = privateGuest.disks ?? [];
  const guest = {
    ...privateGuest,
    disks: disk === undefined ? [] : [{ ...disk, format: 'qcow2' }],
  };
  const scene = new Scene({ guest, source: newer, destination: newer });
  const host = await scene.host('hostA');
  const overlay = { targetDev: 'vda', kind: 'external', format: 'qcow2' } as const;
  const disks = [{ ...overlay, overlayPath: '/images/guest.before' }];
  await scene.run(() => host.createSnapshot(scene.uuid, { ...plainly, disks }, unending));
  const options = { resumeAs: 'running', force: false, resetNvram: false } as const;
  const revert = () =>
    scene.run(() => host.revertToSnapshot(scene.uuid, 'before', options, unending));
  await revert();
  await expect(revert()).rejects.toMatchObject({ failure: { libvirt: { code: 67 } } });
  expect(scene.running).toEqual([]);
});

const plainly = {
  name: 'before',
  description: null,
  memory: { kind: 'none' },
  diskOnly: true,
  quiesce: false,
  atomic: true,
  reuseExternal: false,
  halt: false,
  noMetadata: false,
  live: false,
} as const;
