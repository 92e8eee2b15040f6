import { describe, expect, test } from 'vitest';

import { liveMigration } from '../../machines/index.ts';
import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import { migrationCheckNames } from '../../machines/policy/migration-checks.ts';
import type { MigrationReport } from '../../machines/policy/peer2peer-context.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import type { MigrationFacts } from '../../src/ports/migration.ts';
import { plainOptions } from '../support/migration-options.ts';
import { badWorlds } from './bad-worlds.ts';
import { factsWith, goodFacts } from './facts.ts';
import { domain, look } from './hosts.ts';
import { connectionLost, operationFailed } from './peer2peer.ts';
import { Walk } from './walk.ts';

const input: LiveMigrationInput = {
  domain: 'guest',
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  options: { ...plainOptions, copyStorage: 'all', unsafe: false },
  timeoutMs: null,
  onTimeout: 'abort',
  onSplitBrain: 'suspendSource',
  peerWaitMs: 120_000,
};
const reads = ['gatherFacts', 'inspectPeers'];
const report: MigrationReport = {
  failure: null,
  phases: [
    { phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1 },
    { phase: 'PREPARE', evidence: 'observed', atEpochMs: 2 },
  ],
  downtimeMs: 42,
  peers: null,
};
type Options = Partial<LiveMigrationInput['options']>;

const start = (options: Options = {}): Walk =>
  new Walk(liveMigration, { ...input, options: { ...input.options, ...options } });
const migrating = (options: Options = {}, facts: MigrationFacts = goodFacts): Walk =>
  start(options).done('gather', facts);
const outputOf = (walk: Walk): LiveMigrationOutput => walk.output() as LiveMigrationOutput;
const statusesOf = (walk: Walk) =>
  outputOf(walk).artefacts.map(({ host, path, status }) => `${host} ${path} ${status}`);

/** What both hosts hold after the guest has moved. */
const settled = (there: Partial<DomainStatus> | null, here: Partial<DomainStatus> | null) => ({
  ...look('absent', 'running'),
  source: {
    reachable: true,
    domain: here === null ? null : { ...domain, state: 'shutoff', ...here },
  },
  destination: { reachable: true, domain: there === null ? null : { ...domain, ...there } },
});

const moved = (options: Options = {}, facts: MigrationFacts = goodFacts): Walk =>
  migrating(options, facts).done('protocol', { ...report, outcome: 'completed' });
const rolledBack = (options: Options = {}, facts: MigrationFacts = goodFacts): Walk =>
  migrating(options, facts).done('protocol', {
    ...report,
    failure: operationFailed,
    outcome: 'rolledBack',
  });

describe('before anything is touched', () => {
  test.each(badWorlds)(
    '$check refuses when $what, after reads alone',
    ({ check, facts, options }) => {
      const walk = migrating(options, facts);
      expect(outputOf(walk)).toMatchObject({
        outcome: 'refused',
        failure: { code: check, effect: 'none' },
        phases: [],
        artefacts: [],
      });
      for (const src of walk.started()) expect(reads).toContain(src);
    },
  );

  test('every check guards the way', () => {
    expect(new Set(badWorlds.map(({ check }) => check))).toEqual(new Set(migrationCheckNames));
  });

  test('hosts that cannot be asked refuse it, with their own reason', () => {
    const walk = start().fail('gather', connectionLost);
    expect(outputOf(walk)).toMatchObject({ outcome: 'refused', failure: connectionLost });
    expect(walk.started()).toEqual(['gatherFacts']);
  });

  test('an abort while gathering ends it', () => {
    const walk = start().send({ type: 'abort.requested' });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', effect: 'none' },
      artefacts: [],
    });
    expect(walk.started()).toEqual(['gatherFacts']);
    expect([...walk.inFlight.keys()]).toEqual([]);
  });
});

describe('the protocol', () => {
  test('gets the domain as it was found and the disks to copy by name', () => {
    const walk = migrating();
    expect(walk.inFlight.get('protocol')).toMatchObject({
      src: 'peer2peerMigration',
      input: { domain, call: { domainUuid: domain.uuid, persistent: true, copyDisks: ['vda'] } },
    });
  });

  test('is started only when the disks that it will make are on record', () => {
    expect(migrating().snapshot.context.artefacts).toEqual([
      { kind: 'volume', host: input.destination, path: '/images/guest.qcow2', status: 'expected' },
    ]);
  });

  test('is told of an abort', () => {
    const walk = migrating().send({ type: 'abort.requested' });
    expect(walk.commands.at(-1)).toEqual({
      do: 'sendTo',
      actorId: 'protocol',
      event: { type: 'abort.requested' },
    });
    expect(walk.isIn('migrating')).toBe(true);
  });

  test('hands over what it could not decide, and nothing is removed', () => {
    const failure = { ...connectionLost, code: 'splitBrain' };
    const walk = migrating().done('protocol', { ...report, failure, outcome: 'needsOperator' });
    expect(outputOf(walk)).toMatchObject({ outcome: 'needsOperator', failure, downtimeMs: 42 });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 expected']);
    expect(walk.started()).toEqual(['gatherFacts', 'peer2peerMigration']);
  });

  test('that breaks leaves it to an operator', () => {
    const walk = migrating().fail('protocol', connectionLost);
    expect(outputOf(walk)).toMatchObject({ outcome: 'needsOperator', failure: connectionLost });
  });
});

describe('after the guest has moved', () => {
  test('nothing is left to do when both hosts are as wanted', () => {
    const walk = moved().done('verify', settled({ persistent: true }, null));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'completed',
      failure: null,
      phases: report.phases,
    });
    expect(statusesOf(walk)).toEqual([
      'simulated:///hostB /images/guest.qcow2 made',
      'simulated:///hostA /images/guest.qcow2 kept',
    ]);
  });

  test('the definition is settled on the destination first, and only then gone from the source', () => {
    const walk = moved().done('verify', settled({ persistent: false }, {}));
    expect(walk.inFlight.get('persist')?.input).toMatchObject({ host: input.destination });
    walk.done('persist').done('verify', settled({ persistent: true }, {}));
    expect(walk.inFlight.get('undefine')?.input).toMatchObject({ host: input.source });
    walk.done('undefine').done('verify', settled({ persistent: true }, null));
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test('the source keeps its definition as long as none stands on the destination', () => {
    const walk = moved().done('verify', settled({ persistent: false }, {}));
    walk.fail('persist', operationFailed).elapse('askAgain');
    walk.done('verify', settled({ persistent: false }, {})).fail('persist', operationFailed);
    walk.elapse('peerWait');
    expect(walk.started()).not.toContain('undefineOnSource');
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });

  test.each([
    ['a kept source', { keepSource: true }, goodFacts, settled({ persistent: true }, {})],
    [
      'a transient guest',
      {},
      factsWith.domain({ persistent: false }),
      settled({ persistent: false }, null),
    ],
    [
      'a copy that is to be transient',
      { persistence: 'transient' },
      goodFacts,
      settled({ persistent: false }, null),
    ],
  ] as const)('%s is left as it is', (_, options, facts, view) => {
    expect(outputOf(moved(options, facts).done('verify', view)).outcome).toBe('completed');
  });

  test.each([
    ['the source is silent', look('unreachable', 'running')],
    ['the destination is silent', look('absent', 'unreachable')],
    ['the source still holds a copy', look('busy', 'running')],
    ['the guest is gone from the destination', look('absent', 'absent')],
    ['the guest was shut off on the destination', look('absent', 'shutoff')],
  ])('%s: asked again, and in the end left to an operator', (_, view) => {
    const walk = moved().done('verify', view);
    expect(walk.isIn('concluding.waiting')).toBe(true);
    walk.elapse('askAgain').done('verify', view).elapse('peerWait');
    const { outcome, failure } = outputOf(walk);
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'definitionsUnsettled',
    });
    expect(failure?.message).toContain('source:');
    expect(statusesOf(walk)[0]).toContain('made');
    expect(walk.started()).not.toContain('undefineOnSource');
  });

  test('a look that fails is repeated', () => {
    const walk = moved().fail('verify', connectionLost).elapse('askAgain');
    expect(walk.inFlight.has('verify')).toBe(true);
  });

  test('an abort comes too late', () => {
    const walk = moved();
    expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
  });
});

describe('after a rollback', () => {
  const inPlace = factsWith.destinationDisk({ existing: { capacityBytes: 2 ** 40 } });

  test('the volumes of the record are removed, and no others', () => {
    const walk = rolledBack().done('lookForRemains', look('running', 'absent'));
    expect(walk.inFlight.get('removeVolumes')?.input).toEqual({
      volumes: [
        {
          kind: 'volume',
          host: input.destination,
          path: '/images/guest.qcow2',
          status: 'expected',
        },
      ],
    });
    walk.done('removeVolumes');
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', failure: operationFailed });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 removed']);
  });

  test('a disk that stood there before is not touched', () => {
    const walk = rolledBack({}, inPlace).done('lookForRemains', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(walk.started()).not.toContain('removeVolumes');
  });

  test('an incoming copy that is left is ended before its disks go', () => {
    const walk = rolledBack().done('lookForRemains', look('running', 'incoming'));
    expect(walk.inFlight.get('endIncoming')).toMatchObject({
      src: 'destroyIncoming',
      input: { host: input.destination },
    });
    walk.done('endIncoming').done('lookForRemains', look('running', 'absent'));
    expect(walk.inFlight.has('removeVolumes')).toBe(true);
  });

  test.each(['running', 'pausedByUser'] as const)(
    'a copy that is %s on the destination keeps its disks, and an operator is told',
    (there) => {
      const walk = rolledBack().done('lookForRemains', look('running', there));
      expect(outputOf(walk)).toMatchObject({
        outcome: 'needsOperator',
        failure: { code: 'splitBrain', effect: 'unknown' },
      });
      expect(outputOf(walk).failure?.message).toContain(operationFailed.message);
      expect(walk.started()).not.toContain('removeVolumes');
      expect(walk.started()).not.toContain('destroyIncoming');
    },
  );

  test('what cannot be removed yet is tried again, and in the end reported as left', () => {
    const walk = rolledBack().done('lookForRemains', look('running', 'absent'));
    walk.fail('removeVolumes', connectionLost).elapse('askAgain');
    walk.done('lookForRemains', look('running', 'unreachable'));
    expect(walk.started().filter((src) => src === 'removeVolumes')).toHaveLength(1);
    walk.elapse('askAgain').fail('lookForRemains', connectionLost).elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', failure: operationFailed });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 left']);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('a destination that never prepared anything is not asked', () => {
    const walk = migrating({}, inPlace).done('protocol', {
      ...report,
      phases: report.phases.filter(({ phase }) => phase === 'BEGIN3'),
      failure: operationFailed,
      outcome: 'rolledBack',
    });
    expect(outputOf(walk).outcome).toBe('rolledBack');
    expect(walk.started()).toEqual(['gatherFacts', 'peer2peerMigration']);
  });
});
