import { describe, expect, test } from 'vitest';

import { migrationCheckNames } from '../../machines/policy/migration/checks.ts';
import { badWorlds } from './bad-worlds.ts';
import { factsWith, goodFacts } from './facts.ts';
import { domain, look } from './hosts.ts';
import {
  input,
  migrating,
  moved,
  outputOf,
  report,
  saying,
  settled,
  start,
  statusesOf,
} from './live.ts';
import { connectionLost, operationFailed } from './peer2peer.ts';

const reads = ['gatherFacts', 'inspectPeers'];

describe('before anything is touched', () => {
  test.each(badWorlds)(
    '$check refuses when $what, after reads alone',
    ({ check, code = check, facts, options, request }) => {
      const walk = migrating(options, facts, request);
      expect(outputOf(walk)).toMatchObject({
        outcome: 'refused',
        failure: { code, effect: 'none' },
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
    expect(walk.inFlight.get('peer2peer')).toMatchObject({
      src: 'peer2peerMigration',
      input: { domain, call: { domainUuid: domain.uuid, persistent: true, copyDisks: ['vda'] } },
    });
  });

  test.each([
    ['none stood there before', {}, goodFacts, true],
    ['one stood there before', {}, factsWith.incoming({ definedThere: true }), false],
    ['none is wanted there', { persistence: 'transient' }, goodFacts, false],
  ] as const)('is told whether Finish leaves a definition: %s', (_, options, facts, leaves) => {
    const walk = migrating(options, facts);
    expect(walk.inFlight.get('peer2peer')?.input).toMatchObject({ finishLeavesDefinition: leaves });
  });

  test('is started only when the disks that it will make are on record', () => {
    expect(migrating().snapshot.context.artefacts).toContainEqual({
      kind: 'volume',
      host: input.destination,
      path: '/images/guest.qcow2',
      status: 'expected',
    });
  });

  test('is told of an abort', () => {
    const walk = migrating().send({ type: 'abort.requested' });
    expect(walk.commands.at(-1)).toEqual({
      do: 'sendTo',
      actorId: 'peer2peer',
      event: { type: 'abort.requested' },
    });
    expect(walk.isIn('migrating')).toBe(true);
  });

  test('hands over what it could not decide, and nothing is removed', () => {
    const failure = { ...connectionLost, code: 'splitBrain' };
    const walk = migrating().done('peer2peer', { ...report, failure, outcome: 'needsOperator' });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: saying(failure),
      downtimeMs: 42,
    });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 expected']);
    expect(walk.started()).toEqual(['gatherFacts', 'claimDomain', 'peer2peerMigration']);
  });

  test('that breaks leaves it to an operator', () => {
    const walk = migrating().fail('peer2peer', connectionLost);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: saying(connectionLost),
    });
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
