import { describe, expect, test } from 'vitest';
import { migrationOptions } from '../../../../machines/policy/migration/request.ts';
import {
  toDrivenArguments,
  toMigrationArguments,
} from '../../../../src/adapters/libvirt/migration-flags.ts';
import type { MigrateCall, MigrationOptions } from '../../../../src/ports/migration.ts';

const plain = migrationOptions({ destinationConnectUri: 'qemu+tcp://there/system' });

function call(
  options: Partial<MigrationOptions>,
  rest: Partial<Omit<MigrateCall, 'options'>> = {},
): MigrateCall {
  const domainUuid = '0b6dcf38-6f5c-4c52-9a4e-0d5a1f6f2a10';
  return {
    domainUuid,
    purpose: 'move',
    persistent: true,
    copyDisks: [],
    ...rest,
    options: { ...plain, ...options },
  };
}

/** libvirt's own numbers (include/libvirt/libvirt-domain.h), so that a wrong constant shows. */
const flagCases: readonly (readonly [string, MigrateCall, number])[] = [
  ['a persistent domain moves with its definition', call({}), 1 | 2 | 8 | 16],
  ['a transient domain has none', call({}, { persistent: false }), 1 | 2],
  ['the definition may end with the migration', call({ persistence: 'transient' }), 1 | 2 | 16],
  ['the source may keep its definition', call({ keepSource: true }), 1 | 2 | 8],
  [
    'disks are copied whole',
    call({ copyStorage: 'all' }, { copyDisks: ['vda'] }),
    1 | 2 | 8 | 16 | 64,
  ],
  [
    'disks are copied above their base',
    call({ copyStorage: 'inc' }, { copyDisks: ['vda'] }),
    1 | 2 | 8 | 16 | 128,
  ],
  ['more than one connection is parallel', call({ parallelConnections: 2 }), 27 | 131_072],
  ['compression is a flag and its methods', call({ compression: ['xbzrle'] }), 27 | 2048],
  ['auto-converge', call({ autoConverge: true }), 27 | 8192],
  ['unsafe', call({ unsafe: true }), 27 | 512],
  ['a tunnel', call({ tunnelled: true }), 27 | 4],
  ['post-copy may follow', call({ postcopy: true }), 27 | 32_768],
  ['encryption', call({ tls: true }), 27 | 65_536],
  ['parallel without a copy', call({ parallelConnections: 2, zerocopy: true }), 27 | 1_179_648],
  [
    'a broken post-copy is resumed as post-copy',
    call({}, { purpose: 'resumePostcopy' }),
    27 | 32_768 | 524_288,
  ],
  [
    'a definition moves by itself: kept there, and left here for whoever looks',
    call({ copyStorage: 'all', tls: true, unsafe: true }, { purpose: 'moveOffline' }),
    2 | 8 | 1024,
  ],
];

describe('migration flags', () => {
  test.each(flagCases)('%s', (_, given, flags) => {
    expect(toMigrationArguments(given).flags).toBe(flags);
  });
});

describe('flags of a migration that the client drives', () => {
  test('protect the domain from change instead of letting the daemons talk', () => {
    expect(toDrivenArguments(call({})).flags).toBe(1 | 8 | 256);
  });

  test('end the definition of the source with Confirm alone', () => {
    expect(toDrivenArguments(call({})).confirmFlags).toBe(1 | 8 | 256 | 16);
    expect(toDrivenArguments(call({ keepSource: true })).confirmFlags).toBe(1 | 8 | 256);
    const transient = call({}, { persistent: false });
    expect(toDrivenArguments(transient).confirmFlags).toBe(1 | 256);
  });

  test('leave the definition that moves by itself on the source', () => {
    const offline = toDrivenArguments(call({}, { purpose: 'moveOffline' }));
    expect(offline.flags).toBe(1024 | 8 | 256);
    expect(offline.confirmFlags).toBe(offline.flags);
  });

  test('name a tunnel only where somebody carries it', () => {
    const carried = call({ tunnelled: true, relayUri: 'tcp://10.0.0.1:4000' });
    expect(toDrivenArguments(carried).flags).toBe(1 | 4 | 8 | 256);
    expect(() => toDrivenArguments(call({ tunnelled: true }))).toThrow('listen on');
  });
});

describe('migration parameters', () => {
  test('nothing is sent that was not asked for', () => {
    expect(toMigrationArguments(call({})).params).toEqual({});
  });

  test('what is asked for is sent under libvirt names', () => {
    const { params } = toMigrationArguments(
      call(
        {
          copyStorage: 'all',
          bandwidthMibPerS: 20,
          parallelConnections: 3,
          compression: ['zstd', 'xbzrle'],
          destinationName: 'moved',
          migrationUri: 'tcp://10.0.0.2',
        },
        { copyDisks: ['vda', 'vdb'] },
      ),
    );
    expect(params).toEqual({
      bandwidth: 20,
      compression: ['zstd', 'xbzrle'],
      destination_name: 'moved',
      migrate_disks: ['vda', 'vdb'],
      migrate_uri: 'tcp://10.0.0.2',
      'parallel.connections': 3,
    });
  });

  test('each option has its own name, where it is of use', () => {
    const options = {
      autoConverge: true,
      autoConvergeInitial: 30,
      autoConvergeIncrement: 15,
      postcopy: true,
      postcopyBandwidthMibPerS: 5,
      tls: true,
      tlsDestination: 'there.example',
      listenAddress: '10.1.0.2',
      copyStorage: 'all',
      disksUri: 'tcp://10.2.0.2:49300',
      disksPort: 49_300,
    } as const;
    expect(toMigrationArguments(call(options, { copyDisks: ['vda'] })).params).toEqual({
      'auto_converge.initial': 30,
      'auto_converge.increment': 15,
      'bandwidth.postcopy': 5,
      'tls.destination': 'there.example',
      listen_address: '10.1.0.2',
      migrate_disks: ['vda'],
      disks_uri: 'tcp://10.2.0.2:49300',
      disks_port: 49_300,
    });
    const without = {
      autoConverge: false,
      postcopy: false,
      tls: false,
      copyStorage: 'none',
    } as const;
    expect(toMigrationArguments(call({ ...options, ...without })).params).toEqual({
      listen_address: '10.1.0.2',
    });
  });

  test('a definition that moves by itself takes no more than its name and its text', () => {
    const options = {
      destinationName: 'moved',
      destinationXml: '<domain/>',
      copyStorage: 'all',
      bandwidthMibPerS: 5,
      migrationUri: 'tcp://10.0.0.2',
    } as const;
    const { params } = toMigrationArguments(call(options, { purpose: 'moveOffline' }));
    expect(params).toEqual({
      destination_name: 'moved',
      destination_xml: '<domain/>',
      persistent_xml: '<domain/>',
    });
  });

  test('a definition of its own is also what persists on the destination', () => {
    const destinationXml = '<domain/>';
    expect(toMigrationArguments(call({ destinationXml })).params).toEqual({
      destination_xml: destinationXml,
      persistent_xml: destinationXml,
    });
    const transient = call({ destinationXml, persistence: 'transient' });
    expect(toMigrationArguments(transient).params).toEqual({ destination_xml: destinationXml });
  });

  test('a definition of its own carries the claim; without one nothing is written for it', () => {
    const claim = { run: 'r-1', engine: 'hostC:77', sinceEpochMs: 5 };
    const { params } = toMigrationArguments(call({ destinationXml: '<domain/>' }, { claim }));
    expect(params['destination_xml']).toContain('urn:virtstate:claim/r-1');
    expect(params['persistent_xml']).toBe(params['destination_xml']);
    expect(toMigrationArguments(call({}, { claim })).params).toEqual({});
  });

  test('a storage copy without disks is refused, for libvirt would copy them all', () => {
    expect(() => toMigrationArguments(call({ copyStorage: 'all' }))).toThrow('name its disks');
  });
});
