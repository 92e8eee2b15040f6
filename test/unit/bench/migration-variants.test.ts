import { migrateFlags } from 'node-libvirt';
import { describe, expect, test } from 'vitest';
import { liveMigrationInput } from '../../../machines/index.ts';
import { conflictOf } from '../../../machines/policy/migration/option-conflicts.ts';
import { migrationVariants, optionsOf } from '../../bench/migration-variants.ts';
import { flagsOf } from '../../bench/movers.ts';

const source = 'qemu+tcp://source/system';
const destination = 'qemu+tcp://destination/system';
const uuid = '00000000-0000-4000-8000-000000000000';
const { PEER2PEER, TUNNELLED, UNDEFINE_SOURCE } = migrateFlags;

describe.each(migrationVariants)('$bench', (variant) => {
  const options = optionsOf(variant, destination);

  test('asks for nothing that we would refuse', () => {
    const { protocol } = variant;
    const input = liveMigrationInput({ domain: 'guest', source, destination, protocol, options });
    expect(conflictOf(input)).toBeNull();
  });

  test('has a peer that drives as we do, and ends the definition on the source', () => {
    const flags = flagsOf(variant, uuid, options);
    expect((flags & PEER2PEER) !== 0).toBe(variant.protocol === 'peer2peer');
    expect((flags & TUNNELLED) !== 0).toBe(variant.tunnelled);
    expect(flags & UNDEFINE_SOURCE).toBe(UNDEFINE_SOURCE);
  });
});

test('every way to migrate has a name of its own', () => {
  const names = migrationVariants.map(({ bench }) => bench);
  expect(new Set(names).size).toBe(names.length);
});
