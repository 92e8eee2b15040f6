import { describe, expect, test } from 'vitest';

import { factsWith } from './facts.ts';
import { domain, look } from './hosts.ts';
import { input, migrating, outputOf, report, rolledBack, saying, statusesOf } from './live.ts';
import { connectionLost, operationFailed } from './peer2peer.ts';

describe('after a rollback', () => {
  const inPlace = factsWith.destinationDisk({ existing: { capacityBytes: 2 ** 40 } });

  test('the volumes of the record are removed, and no others', () => {
    const walk = rolledBack().done('lookForRemains', look('running', 'absent'));
    expect(walk.inFlight.get('removeVolumes')?.input).toEqual({
      domainUuid: domain.uuid,
      volumes: [
        {
          kind: 'volume',
          host: input.destination,
          path: '/images/guest.qcow2',
          status: 'expected',
        },
      ],
    });
    walk.done('removeVolumes', { removed: ['/images/guest.qcow2'] });
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', failure: operationFailed });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 removed']);
  });

  test('of a guest that ended on the way the volumes go too, and the operator is told', () => {
    const gone = { code: 'guestGone', message: 'it shut down', effect: 'unknown' } as const;
    const walk = migrating().done('peer2peer', {
      ...report,
      failure: gone,
      outcome: 'needsOperator',
    });
    walk.done('lookForRemains', look('shutoff', 'absent'));
    walk.done('removeVolumes', { removed: ['/images/guest.qcow2'] });
    expect(outputOf(walk)).toMatchObject({ outcome: 'needsOperator', failure: saying(gone) });
    expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 removed']);
  });

  test('of a guest that may have run over there nothing is removed', () => {
    const walk = migrating().done('peer2peer', {
      ...report,
      failure: { code: 'guestEnded', message: 'it ended there', effect: 'unknown' },
      outcome: 'needsOperator',
    });
    expect(outputOf(walk)).toMatchObject({ outcome: 'needsOperator' });
    expect(walk.started()).not.toContain('removeVolumes');
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

  test.each(['incoming', 'absent'] as const)(
    'what is %s on the destination may be of a migration that has begun since: it is left alone',
    (there) => {
      const walk = rolledBack().done('lookForRemains', look('runningWithJob', there));
      walk.elapse('askAgain').done('lookForRemains', look('runningWithJob', there));
      expect(walk.started()).not.toContain('destroyIncoming');
      expect(walk.started()).not.toContain('removeVolumes');
      walk.elapse('peerWait');
      expect(outputOf(walk).outcome).toBe('rolledBack');
      expect(statusesOf(walk)).toEqual(['simulated:///hostB /images/guest.qcow2 left']);
    },
  );

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

  test('an incoming copy that cannot be ended is told, with what to do', () => {
    const walk = rolledBack().done('lookForRemains', look('running', 'incoming'));
    walk.fail('endIncoming', operationFailed).elapse('peerWait');
    const { failure, outcome } = outputOf(walk);
    expect(outcome).toBe('rolledBack');
    expect(failure?.message).toMatch(
      /^.+; guest still stands on the destination as paused .+restart/,
    );
  });

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
    const walk = migrating({}, inPlace).done('peer2peer', {
      ...report,
      phases: report.phases.filter(({ phase }) => phase === 'BEGIN3'),
      failure: operationFailed,
      outcome: 'rolledBack',
    });
    expect(outputOf(walk).outcome).toBe('rolledBack');
    expect(walk.started()).toEqual([
      'gatherFacts',
      'claimDomain',
      'peer2peerMigration',
      'releaseClaims',
    ]);
  });
});
