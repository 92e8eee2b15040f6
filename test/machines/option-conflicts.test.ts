import { describe, expect, test } from 'vitest';

import type { LiveMigrationInput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import type { ConvergencePolicy } from '../../machines/policy/migration/convergence.ts';
import {
  convergencePresets,
  patient,
} from '../../machines/policy/migration/convergence-presets.ts';
import { conflictOf, optionConflicts } from '../../machines/policy/migration/option-conflicts.ts';
import type { MigrationOptions } from '../../src/ports/migration.ts';

interface Asked {
  readonly protocol?: LiveMigrationInput['protocol'];
  readonly offline?: boolean;
  readonly options?: Partial<MigrationOptions>;
  readonly convergence?: Partial<ConvergencePolicy>;
}

const input = ({ options = {}, convergence = {}, ...rest }: Asked): LiveMigrationInput =>
  liveMigrationInput({
    domain: 'guest',
    source: 'qemu+tls://hostA/system',
    destination: 'qemu+tls://hostB/system',
    ...rest,
    options: { destinationConnectUri: 'qemu+tls://hostB/system', ...options },
    convergence: { ...patient, ...convergence },
  });

const tunnelled = { tunnelled: true } as const;
const budget = { baseMs: 60_000, msPerGib: 0 };
const ramp = { startMs: 50, limitMs: 500, steps: 10, stepMsPerGib: 75_000 };
const perGib = { baseMs: 0, msPerGib: 150_000 };

/** For each rule: what is asked, and the words of the answer that only this rule has. */
const conflicts: readonly (readonly [Asked, string])[] = [
  [{ options: { ...tunnelled, postcopy: true } }, 'a tunnel only goes forward'],
  [{ options: { ...tunnelled, parallelConnections: 4 } }, 'a tunnel is a single stream'],
  [{ options: { ...tunnelled, copyStorage: 'all' } }, 'a tunnel carries no disks'],
  [{ options: { ...tunnelled, tls: true } }, 'a tunnel is as safe as the connections'],
  [
    { protocol: 'direct', options: { ...tunnelled, relayUri: 'tcp://10.0.0.9:4444', tls: true } },
    'to the relay of a tunnel without TLS',
  ],
  [{ options: { ...tunnelled, migrationUri: 'tcp://10.0.0.2' } }, 'leave `migrationUri` out'],
  [{ options: { ...tunnelled, listenAddress: '10.0.0.2' } }, 'nothing listens for a tunnel'],
  [{ options: { relayUri: 'tcp://10.0.0.9:4444' } }, 'leave `relayUri` out'],
  [{ protocol: 'direct', options: tunnelled }, 'give `relayUri: tcp://ADDRESS:PORT'],

  [{ offline: true, options: tunnelled }, 'no memory to tunnel'],
  [{ offline: true, options: { persistence: 'transient' } }, 'leave `persistence: transient` out'],
  [{ offline: true, options: { bandwidthMibPerS: 10 } }, 'has no memory to send'],
  [{ offline: true, options: { disksPort: 49_300, copyStorage: 'all' } }, 'no stream of QEMU'],
  [{ offline: true, convergence: { budget, onBudget: 'abort' } }, 'writes nothing'],

  [{ options: { zerocopy: true } }, 'zero-copy is for parallel streams only'],
  [{ options: { zerocopy: true, parallelConnections: 2, tls: true } }, 'cannot be encrypted'],
  [
    { options: { zerocopy: true, parallelConnections: 2, compression: ['zstd'] } },
    'cannot be compressed',
  ],
  [{ options: { compression: ['zstd'] } }, 'work on parallel connections only'],
  [{ options: { compression: ['xbzrle'], parallelConnections: 2 } }, 'on a single stream only'],
  [{ options: { compression: ['zlib', 'zstd'], parallelConnections: 2 } }, 'one method'],
  [{ options: { compression: ['mt', 'xbzrle'] } }, 'only one of xbzrle and mt'],
  [{ options: { compression: ['xbzrle', 'xbzrle'] } }, 'named twice'],
  [{ options: { compression: ['mt'], postcopy: true } }, 'which post-copy forbids'],
  [{ options: { parallelConnections: 2, postcopy: true } }, 'before version 10.1'],

  [{ options: { destinationConnectUri: null } }, 'give `destinationConnectUri`'],
  [
    { options: { copyStorage: 'all', disksUri: 'tcp://10.0.0.2:1', disksPort: 1 } },
    'names the port already',
  ],
  [{ options: { disksPort: 49_300 } }, 'are for copied disks'],
  [
    { options: { migrationUri: 'unix:///run/m', copyStorage: 'all' } },
    'give `disksUri: unix:///PATH`',
  ],
  [{ options: { migrationUri: 'unix:///run/m', tls: true } }, 'give `tlsDestination: NAME`'],
  [
    { options: { migrationUri: 'unix:///run/m', listenAddress: '::' } },
    'the socket file to listen on',
  ],
  [{ options: { migrationUri: 'rdma://10.0.0.2', tls: true } }, 'encrypts nothing over RDMA'],
  [
    { options: { migrationUri: 'rdma://10.0.0.2', parallelConnections: 2 } },
    'RDMA is a single stream',
  ],
  [{ options: { tlsDestination: 'hostB' } }, 'give `tls` too'],

  [{ options: { copyDisks: ['vda'] } }, '`copyDisks` needs `copyStorage'],
  [{ options: { sourceDisk: 'delete' } }, 'is the only one'],
  [{ options: { sourceDisk: 'delete', copyStorage: 'all', keepSource: true } }, 'needs its disks'],

  [{ options: { autoConvergeInitial: 30 } }, 'give `autoConverge` too'],
  [{ convergence: { postcopyAfterPasses: 1 } }, 'permitted from the beginning'],
  [{ options: { postcopyBandwidthMibPerS: 100 } }, '`postcopyBandwidthMibPerS` is for post-copy'],
  [{ convergence: { onBudget: 'abort' } }, 'give `convergence.budget`'],
  [{ convergence: { onStall: 'abort' } }, 'give `convergence.stallPasses`'],
  [{ convergence: { onStall: 'raiseDowntime', stallPasses: 3 } }, 'goes up the steps of a ramp'],
];

describe('options that do not go together are refused with the reason and the way out', () => {
  test.each(conflicts)('%j', (asked, words) => {
    expect(conflictOf(input(asked))).toContain(words);
  });

  test('every rule has a case that it alone answers', () => {
    const answers = conflicts.map(([asked]) => conflictOf(input(asked)));
    expect(new Set(answers)).toEqual(new Set(optionConflicts.map(({ message }) => message)));
  });

  test.each(optionConflicts.map(({ message }) => [message]))('%s: it is one line', (message) => {
    expect(message).not.toContain('\n');
    expect(message).toMatch(/: (give|leave|use|name)|needs `/);
  });
});

/** What libvirt takes, near to what it refuses. */
const sound: readonly (readonly [string, Asked])[] = [
  ['nothing is asked', {}],
  ['peer-to-peer, tunnelled', { options: tunnelled }],
  [
    'a tunnel that we carry',
    { protocol: 'direct', options: { ...tunnelled, relayUri: 'unix:///run/relay' } },
  ],
  [
    'direct, where the source daemon reaches nobody',
    { protocol: 'direct', options: { destinationConnectUri: null } },
  ],
  ['direct with post-copy', { protocol: 'direct', options: { postcopy: true } }],
  [
    'offline with its disks, which are deleted behind it',
    { offline: true, options: { copyStorage: 'all', sourceDisk: 'delete' } },
  ],
  [
    'offline without a way between the daemons',
    { offline: true, options: { destinationConnectUri: null } },
  ],
  ['zero-copy on parallel streams', { options: { zerocopy: true, parallelConnections: 2 } }],
  ['zstd on parallel streams', { options: { compression: ['zstd'], parallelConnections: 2 } }],
  ['xbzrle and post-copy', { options: { compression: ['xbzrle'], postcopy: true } }],
  ['TLS and post-copy', { options: { tls: true, tlsDestination: 'hostB', postcopy: true } }],
  [
    'memory and disks over socket files',
    { options: { migrationUri: 'unix:///run/m', disksUri: 'unix:///run/d', copyStorage: 'inc' } },
  ],
  ['post-copy by hand', { options: { postcopy: true, postcopyBandwidthMibPerS: 50 } }],
  [
    'post-copy when the time is over',
    { options: { postcopy: true }, convergence: { budget: perGib, onBudget: 'postcopy' } },
  ],
  [
    'the ramp is hurried on a stall',
    { convergence: { downtime: ramp, stallPasses: 3, onStall: 'raiseDowntime' } },
  ],
  ['a budget that nothing follows', { convergence: { budget } }],
];

test.each(sound)('%s: nothing speaks against it', (_, asked) => {
  expect(conflictOf(input(asked))).toBeNull();
});

test.each(Object.entries(convergencePresets))('the preset %s is sound', (_, preset) => {
  const { autoConverge, convergence } = preset;
  expect(conflictOf(input({ options: { autoConverge }, convergence }))).toBeNull();
});
