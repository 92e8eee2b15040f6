import { describe, expect, test } from 'vitest';
import { migrationOptions } from '../../../../machines/index.ts';
import { toMigrationArguments } from '../../../../src/adapters/libvirt/migration-flags.ts';
import type { MigrateCall, MigrationOptions } from '../../../../src/ports/migration.ts';

const plain = migrationOptions({ destinationConnectUri: 'qemu+tcp://there/system' });

function call(
  options: Partial<MigrationOptions>,
  rest: Partial<Omit<MigrateCall, 'options'>> = {},
): MigrateCall {
  const domainUuid = '0b6dcf38-6f5c-4c52-9a4e-0d5a1f6f2a10';
  return {
    domainUuid,
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
];

describe('migration flags', () => {
  test.each(flagCases)('%s', (_, given, flags) => {
    expect(toMigrationArguments(given).flags).toBe(flags);
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

  test('a definition of its own is also what persists on the destination', () => {
    const destinationXml = '<domain/>';
    expect(toMigrationArguments(call({ destinationXml })).params).toEqual({
      destination_xml: destinationXml,
      persistent_xml: destinationXml,
    });
    const transient = call({ destinationXml, persistence: 'transient' });
    expect(toMigrationArguments(transient).params).toEqual({ destination_xml: destinationXml });
  });

  test('a storage copy without disks is refused, for libvirt would copy them all', () => {
    expect(() => toMigrationArguments(call({ copyStorage: 'all' }))).toThrow('name its disks');
  });
});
