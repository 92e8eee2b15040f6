import { describe, expect, test } from 'vitest';

import { factsWith, goodFacts } from './facts.ts';
import { domain, look } from './hosts.ts';
import {
  checked,
  claim,
  claimsOf,
  input,
  migrating,
  moved,
  outputOf,
  report,
  rolledBack,
  settled,
} from './live.ts';
import { connectionLost, operationFailed } from './peer2peer.ts';

const { destination, source } = input;
const claimOn = (host: string, status: string) => ({
  kind: 'claim',
  host,
  path: domain.uuid,
  status,
});
const rival = { run: 'run-7', details: { engine: 'hostD:1', sinceEpochMs: claim.sinceEpochMs } };

describe('before anything is moved', () => {
  test('the domain is claimed, and that is on record before it is done', () => {
    const walk = checked({}, goodFacts, { breakClaims: ['run-7'] });
    expect(walk.inFlight.get('claim')).toMatchObject({
      src: 'claimDomain',
      input: { host: source, domainUuid: domain.uuid, breakClaims: ['run-7'] },
    });
    expect(walk.snapshot.context.artefacts).toEqual([claimOn(source, 'expected')]);
    expect(walk.started()).toEqual(['gatherFacts', 'claimDomain']);
  });

  test('what may come to the destination with the definition is on record, too', () => {
    const { artefacts, claim: ours } = migrating().snapshot.context;
    expect(artefacts.slice(0, 2)).toEqual([
      claimOn(source, 'made'),
      claimOn(destination, 'expected'),
    ]);
    expect(ours).toEqual(claim);
    expect(migrating().inFlight.get('peer2peer')?.input).toMatchObject({ call: { claim } });
  });

  test('a claim that is to be broken does not speak against it', () => {
    const walk = checked({}, { ...goodFacts, claims: [rival] }, { breakClaims: ['run-7'] });
    expect(walk.isIn('claiming')).toBe(true);
  });

  test('whoever sees the claim of another takes its own away, and is refused', () => {
    const walk = checked().done('claim', { claim, others: [rival] });
    expect(walk.inFlight.get('release')?.input).toEqual({
      domainUuid: domain.uuid,
      run: 'run-1',
      hosts: [source],
      held: false,
    });
    const { artefacts, failure, outcome } = outputOf(walk);
    expect({ artefacts, outcome }).toEqual({ artefacts: [], outcome: 'refused' });
    expect(failure).toMatchObject({ code: 'claimed', effect: 'none' });
    for (const words of ['guest', 'run run-7 of engine hostD:1 since 0 s', '`breakClaims: run-7`'])
      expect(failure?.message).toContain(words);
    expect(walk.started()).toEqual(['gatherFacts', 'claimDomain', 'releaseClaims']);
  });

  test('a claim of which no answer came is taken away, whatever became of it', () => {
    const walk = checked().fail('claim', connectionLost);
    expect(walk.inFlight.get('release')?.input).toMatchObject({ run: null, hosts: [source] });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'refused',
      failure: { code: connectionLost.code, effect: 'none' },
      artefacts: [],
    });
  });

  test.each([
    ['done', { claim, others: [] }],
    ['done by another, too', { claim, others: [rival] }],
  ])('an abort waits for the claim under way: %s', (_, answer) => {
    const walk = checked().send({ type: 'abort.requested' });
    expect(walk.inFlight.has('claim')).toBe(true);
    walk.done('claim', answer);
    expect(walk.inFlight.get('release')?.input).toMatchObject({
      run: 'run-1',
      hosts: [source],
      held: false,
    });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('an abort waits for a claim that fails, too', () => {
    const walk = checked().send({ type: 'abort.requested' }).fail('claim', connectionLost);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
  });
});

const success = () => moved().done('verify', settled({ persistent: true }, null));
const rollback = () =>
  rolledBack()
    .done('lookForRemains', look('running', 'absent'))
    .done('removeVolumes', { removed: [] });

describe('at the end', () => {
  test.each([
    ['completed', success],
    ['rolledBack', rollback],
  ] as const)('%s: both hosts give the claim up before the run ends', (outcome, end) => {
    const walk = end();
    expect(walk.inFlight.get('release')?.input).toEqual({
      domainUuid: domain.uuid,
      run: 'run-1',
      hosts: [source, destination],
      held: true,
    });
    expect(walk.snapshot.status).toBe('active');
    expect(outputOf(walk).outcome).toBe(outcome);
    expect(claimsOf(walk)).toEqual([]);
  });

  test('what never prepared has not got the claim, and is not asked', () => {
    const walk = migrating({}, factsWith.incoming({ disks: [] })).done('peer2peer', {
      ...report,
      phases: [],
      failure: operationFailed,
      outcome: 'rolledBack',
    });
    expect(walk.inFlight.get('release')?.input).toMatchObject({ hosts: [source] });
    walk.done('release', { released: [] }).elapse('claimWait');
    expect(claimsOf(walk)).toEqual([`${source} left`]);
  });

  test('a host that does not answer is asked again; the other one is not', () => {
    const walk = success().done('release', { released: [source] });
    expect(walk.snapshot.context.artefacts).toContainEqual(claimOn(destination, 'expected'));
    walk.elapse('askAgain');
    expect(walk.inFlight.get('release')?.input).toMatchObject({ hosts: [destination], held: true });
    expect(outputOf(walk).outcome).toBe('completed');
    expect(claimsOf(walk)).toEqual([]);
  });

  test.each([
    ['completed', success],
    ['rolledBack', rollback],
  ] as const)('%s: a claim that nobody could be asked for is told', (outcome, end) => {
    const walk = end()
      .done('release', { released: [source] })
      .elapse('claimWait');
    expect(outputOf(walk).outcome).toBe(outcome);
    expect(claimsOf(walk)).toEqual([`${destination} left`]);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('an answer that does not come is not waited for without end', () => {
    const walk = success().elapse('claimWait');
    expect(claimsOf(walk)).toEqual([`${source} left`, `${destination} left`]);
  });

  test('an operator finds the claim in place, and is told how to take it over', () => {
    const failure = { ...connectionLost, code: 'splitBrain' };
    const walk = migrating().done('peer2peer', { ...report, failure, outcome: 'needsOperator' });
    expect(walk.started()).not.toContain('releaseClaims');
    expect(claimsOf(walk)).toEqual([`${source} kept`, `${destination} kept`]);
    expect(outputOf(walk).failure?.message).toMatch(/claim of run run-1 .+ `breakClaims: run-1`/);
  });
});
