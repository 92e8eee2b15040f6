import { expect, test } from 'vitest';

import { liveMigration, peer2peerMigration } from '../../machines/index.ts';
import { normalEvents } from './onlookers.ts';
import { normalStates, withoutRepeats } from './record.ts';
import { strandOf } from './strands.ts';

test('a turn that comes round again is told once, however often, and the rest as it was', () => {
  const turn = ['looking', 'waiting'];
  expect(withoutRepeats(['asking', ...turn, ...turn, ...turn, 'looking', 'done'])).toEqual([
    'asking',
    ...turn,
    'looking',
    'done',
  ]);
  expect(withoutRepeats(['a', 'a', 'b', 'a'])).toEqual(['a', 'b', 'a']);
});

test('a wait that ends where it began is left out, one that leads on is not', () => {
  const asked = ['copying', 'asking.looking', 'asking.silent', 'asking.looking', 'dropping'];
  expect(normalStates(asked)).toEqual(['copying', 'asking.looking', 'dropping']);
  const leadsOn = ['deciding', 'waiting', 'inspecting', 'deciding'];
  expect(normalStates(leadsOn)).toEqual(leadsOn);
});

test('a wait for what may be told before the choice is left out, another one is not', () => {
  const [chosen, begun] = ['preparing.choosing', 'preparing.beginning'];
  const heardLate = [chosen, begun, chosen, 'preparing.awaiting', 'turning.choosing'];
  expect(normalStates(heardLate)).toEqual([chosen, begun, chosen, 'turning.choosing']);
  const asked = [
    'detaching.asking',
    'detaching.awaiting',
    'turning.choosing',
    'preparing.awaiting',
  ];
  expect(normalStates(asked)).toEqual(asked);
});

test('events of two disks that race are told disk by disk, others in their order', () => {
  const raced = [
    'copy of vdb ready',
    'copy of vda ready',
    'suspended paused',
    'copy of vdb failed',
  ];
  expect(normalEvents(raced)).toEqual([
    'copy of vda ready',
    'copy of vdb ready',
    'suspended paused',
    'copy of vdb failed',
  ]);
});

test('a resume that nobody can count on is left out, and no other one', () => {
  const told = ['connectionRegained', 'resumed unpaused', 'suspended paused', 'resumed unpaused'];
  expect(normalEvents(told)).toEqual([
    'connectionRegained',
    'suspended paused',
    'resumed unpaused',
  ]);
});

test('what a QEMU says as it ends may be unheard; of one that goes on it is told', () => {
  const told = ['migration failed', 'suspended paused', 'migration failed', 'stopped failed'];
  expect(normalEvents(told)).toEqual(['migration failed', 'suspended paused', 'stopped failed']);
  const off = ['agent disconnected', 'agent connected', 'agent disconnected', 'stopped shutdown'];
  expect(normalEvents(off)).toEqual(['agent disconnected', 'agent connected', 'stopped shutdown']);
});

test('a migration that is called off ends alike, whichever thread of QEMU is faster', () => {
  const called = ['migration active', 'migration cancelling', 'migration cancelled'];
  expect(normalEvents(called)).toEqual(['migration active', 'migration failed']);
  expect(normalEvents(['migration active', 'migration failed'])).toEqual(normalEvents(called));
});

test('passes over the memory are told once', () => {
  const told = ['migration setup', 'iteration', 'migration active', 'iteration', 'iteration'];
  expect(normalEvents(told)).toEqual(['migration setup', 'iteration', 'migration active']);
});

test('a strand is a chart, or a region of its parallel states, inner ones by themselves', () => {
  expect(strandOf(liveMigration, 'migrating.peer2peer')).toBe('liveMigration');
  expect(strandOf(peer2peerMigration, 'migrating.phases.perform3.mirroring')).toBe(
    'peer2peerMigration.migrating.phases',
  );
  expect(strandOf(peer2peerMigration, 'migrating.convergence.tuning.ramp.rising')).toBe(
    'peer2peerMigration.migrating.convergence.tuning.ramp',
  );
  expect(strandOf(peer2peerMigration, 'rolledBack')).toBe('peer2peerMigration');
});
