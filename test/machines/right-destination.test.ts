import { describe, expect, test } from 'vitest';

import { look } from './hosts.ts';
import { advance, connectionLost, migrate, operationFailed, outputOf } from './peer2peer.ts';

const region = 'migrating.rightDestination';

/** Memory is being copied, and the host that we watch has shown nothing. */
const copiesSomewhere = () =>
  migrate().see('source.job.started').see('source.migration.setup').see('source.migration.active');

describe('a destination that was named', () => {
  test('is not asked when it has shown its part', () => {
    const walk = advance(migrate(), 'perform3.precopying');
    expect(walk.isIn(`${region}.expecting`)).toBe(true);
    expect(walk.started()).not.toContain('inspectPeers');
  });

  test('is asked when something is copied and it has shown nothing', () => {
    const walk = copiesSomewhere().done('lookForIncoming', look('busy', 'incoming'));
    expect(walk.isIn(`${region}.settled`)).toBe(true);
    expect(walk.started()).not.toContain('abortJob');
  });

  test('keeps the guest from going elsewhere', () => {
    const walk = copiesSomewhere().done('lookForIncoming', look('busy', 'absent'));
    expect(walk.inFlight.get('callOff')?.src).toBe('abortJob');
    walk.done('callOff').fail('perform', operationFailed).done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'wrongDestination', effect: 'none' },
    });
  });

  test('is called off again when the first try is lost', () => {
    const walk = copiesSomewhere().done('lookForIncoming', look('busy', 'absent'));
    walk.fail('callOff', connectionLost).elapse('askAgain');
    expect(walk.inFlight.has('callOff')).toBe(true);
  });

  test('is not missed where the migration is over by then, as it may be after a crash of ours', () => {
    const walk = copiesSomewhere().done('lookForIncoming', look('running', 'absent'));
    expect(walk.isIn(`${region}.settled`)).toBe(true);
    expect(walk.started()).not.toContain('abortJob');
    walk.fail('perform', connectionLost).done('look', look('running', 'absent'));
    expect(outputOf(walk).failure).toMatchObject({ code: connectionLost.code });
  });

  test('that does not answer proves nothing', () => {
    const walk = copiesSomewhere().done('lookForIncoming', look('busy', 'unreachable'));
    expect(walk.started()).not.toContain('abortJob');
  });
});
