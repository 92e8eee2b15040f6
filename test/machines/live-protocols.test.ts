import { describe, expect, test } from 'vitest';

import type { LiveMigrationInput } from '../../machines/index.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { factsWith, goodFacts } from './facts.ts';
import { domain, look } from './hosts.ts';
import type { Options, Request } from './live.ts';
import { input, migrating, outputOf, report, saying, settled, statusesOf } from './live.ts';
import { connectionLost, operationFailed } from './protocol.ts';
import type { Walk } from './walk.ts';

type Protocol = LiveMigrationInput['protocol'] | 'offline';

const shutOff = factsWith.domain({ state: 'shutoff', reason: 'shutdown' });
const requests: readonly (readonly [Protocol, Request, typeof goodFacts, string])[] = [
  ['peer2peer', { protocol: 'peer2peer' }, goodFacts, 'peer2peerMigration'],
  ['direct', { protocol: 'direct' }, goodFacts, 'directMigration'],
  ['offline', { offline: true }, shutOff, 'offlineMigration'],
];
const path = '/images/guest.qcow2';
const here = `${input.source} ${path}`;
const there = `${input.destination} ${path}`;

const movedBy = (protocol: Protocol, options: Options = {}): Walk => {
  const [, request, facts] = requests.find(([name]) => name === protocol) ?? [];
  return migrating(options, facts, request).done(protocol, { ...report, outcome: 'completed' });
};

describe.each(requests)('the protocol %s', (protocol, request, facts, src) => {
  const start = (options: Options = {}) => migrating(options, facts, request);

  test('is the only one that is started', () => {
    const walk = start();
    expect(walk.isIn(`migrating.${protocol}`)).toBe(true);
    expect(walk.inFlight.get(protocol)?.src).toBe(src);
    expect(walk.started()).toEqual(['gatherFacts', 'claimDomain', src]);
  });

  test('is told what it needs, and no more', () => {
    const { input: given } = start().inFlight.get(protocol) ?? {};
    expect(given).toMatchObject({
      source: input.source,
      destination: input.destination,
      domain: { uuid: domain.uuid, name: domain.name },
      call: { domainUuid: domain.uuid, purpose: protocol === 'offline' ? 'moveOffline' : 'move' },
      peerWaitMs: input.peerWaitMs,
    });
  });

  test.each([
    'abort.requested',
    'bandwidth.set',
    'downtime.set',
    'postcopy.start',
    'force.complete',
    'postcopy.recover',
    'postcopy.giveUp',
  ])('is handed %s', (type) => {
    const event = { type, mibPerS: 5 };
    const walk = start().send(event);
    expect(walk.commands.at(-1)).toEqual({ do: 'sendTo', actorId: protocol, event });
  });

  test.each(['rolledBack', 'completed', 'needsOperator'] as const)('ends as %s', (outcome) => {
    const walk = start().done(protocol, { ...report, failure: operationFailed, outcome });
    const states = {
      rolledBack: 'cleaningUp',
      completed: 'concluding',
      needsOperator: 'needsOperator',
    };
    expect(walk.isIn(states[outcome])).toBe(true);
  });

  test('that breaks leaves it to an operator', () => {
    const walk = start().fail(protocol, connectionLost);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: saying(connectionLost),
    });
  });
});

describe('the plan', () => {
  test('is worked out from the memory and what the copied disks hold', () => {
    const convergence = { ...patient, budget: { baseMs: 1_000, msPerGib: 10_000 } };
    const budgetOf = (options: Options) =>
      migrating(options, goodFacts, { convergence }).inFlight.get('peer2peer')?.input;
    // 1 GiB of memory, a disk that holds 1 GiB of its 2.
    expect(budgetOf({})).toMatchObject({ convergence: { budgetMs: 21_000 } });
    expect(budgetOf({ copyStorage: 'none' })).toMatchObject({ convergence: { budgetMs: 11_000 } });
  });
});

describe('the disks of an offline move', () => {
  test('go from their place on the source to their place on the destination', () => {
    const [, request] = requests[2] ?? [];
    const facts = {
      ...factsWith.destinationDisk({ path: '/pool/guest.qcow2' }),
      domain: shutOff.domain,
    };
    const walk = migrating({}, facts, request);
    expect(walk.inFlight.get('offline')?.input).toMatchObject({
      disks: [{ targetDev: 'vda', from: path, to: '/pool/guest.qcow2' }],
    });
  });

  test.each([
    ['made by it', [path], ['lookForRemains'], true],
    ['somebody else’s', [], [], false],
  ] as const)(
    'that are %s: removed after a rollback only then',
    (_, volumesMade, looks, removed) => {
      const [, request] = requests[2] ?? [];
      const walk = migrating({}, shutOff, request).done('offline', {
        ...report,
        phases: [],
        failure: operationFailed,
        volumesMade,
        outcome: 'rolledBack',
      });
      for (const actor of looks) walk.done(actor, look('shutoff', 'absent'));
      expect(walk.started().includes('removeVolumes')).toBe(removed);
      if (removed) walk.done('removeVolumes', { removed: [path] });
      expect(outputOf(walk).outcome).toBe('rolledBack');
      expect(statusesOf(walk)).toEqual(removed ? [`${there} removed`] : []);
    },
  );

  test('are settled where nothing runs on either host', () => {
    const walk = movedBy('offline').done('verify', settled({ state: 'shutoff' }, {}));
    expect(walk.inFlight.get('undefine')?.input).toMatchObject({ host: input.source });
    walk.done('undefine').done('verify', settled({ state: 'shutoff' }, null));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(statusesOf(walk)).toEqual([`${there} made`, `${here} kept`]);
  });

  test('and the guest was started on the source: it is not undefined there', () => {
    const walk = movedBy('offline');
    walk.done('verify', settled({ state: 'shutoff' }, { state: 'running' }));
    walk.elapse('peerWait');
    const { outcome, failure } = outputOf(walk);
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'guestStarted',
    });
    expect(failure?.message).not.toContain('undefine it on the source');
    expect(walk.started()).not.toContain('undefineOnSource');
  });

  test('and the destination lost it again: nothing is undefined', () => {
    const walk = movedBy('offline').done('verify', settled(null, {})).elapse('peerWait');
    expect(outputOf(walk).outcome).toBe('needsOperator');
    expect(walk.started()).not.toContain('undefineOnSource');
  });
});

describe('the disks of an offline move that were copied through us', () => {
  const copies = [{ disk: { targetDev: 'vda', from: path, to: path }, changedAt: '1' }];
  const changed = { code: 'diskChanged', message: 'vda was changed', effect: 'none' } as const;
  const moved = (options: Options = {}) => {
    const [, request] = requests[2] ?? [];
    const ended = { ...report, copies, volumesMade: [path], outcome: 'completed' } as const;
    return migrating(options, shutOff, request).done('offline', ended);
  };

  test('are compared with the source before its definition goes, and again before they go', () => {
    const walk = moved({ sourceDisk: 'delete' });
    walk.done('verify', settled({ state: 'shutoff' }, {}));
    expect(walk.inFlight.get('compare')?.input).toMatchObject({ host: input.source, copies });
    expect(walk.started()).not.toContain('undefineOnSource');
    walk.done('compare').done('undefine');
    walk.done('verify', { ...settled({ state: 'shutoff' }, null), atEpochMs: 9 });
    expect(walk.inFlight.has('removeSourceDisks')).toBe(false);
    walk.done('compare').done('removeSourceDisks', { removed: [path] });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('and changed on the source since: nothing goes, and an operator is told', () => {
    const walk = moved({ sourceDisk: 'delete' });
    walk.done('verify', settled({ state: 'shutoff' }, {})).fail('compare', changed);
    const { failure, outcome } = outputOf(walk);
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'diskChanged',
    });
    expect(walk.started()).not.toContain('undefineOnSource');
    expect(walk.started()).not.toContain('removeVolumes');
  });

  test('and cannot be compared now: it is looked at again', () => {
    const walk = moved().done('verify', settled({ state: 'shutoff' }, {}));
    walk.fail('compare', connectionLost).elapse('askAgain');
    expect(walk.inFlight.has('verify')).toBe(true);
    expect(walk.started()).not.toContain('undefineOnSource');
  });
});

describe("the source's disks that are to be deleted", () => {
  const deleting = { sourceDisk: 'delete' } as const;
  const whole = settled({ persistent: true }, null);

  test('go when the guest runs there, defined, and is gone here', () => {
    const walk = movedBy('peer2peer', deleting).done('verify', whole);
    expect(walk.inFlight.get('removeSourceDisks')).toMatchObject({
      src: 'removeVolumes',
      input: {
        domainUuid: domain.uuid,
        volumes: [{ kind: 'volume', host: input.source, path, status: 'unwanted' }],
      },
    });
    walk.done('removeSourceDisks', { removed: [path] });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(statusesOf(walk)).toEqual([`${there} made`, `${here} removed`]);
  });

  test.each([
    ['it is not defined there yet', settled({ persistent: false }, {})],
    ['its definition stands here', settled({ persistent: true }, {})],
    ['it runs here', settled({ persistent: true }, { state: 'running' })],
    ['it does not run there', settled({ persistent: true, state: 'shutoff' }, null)],
    ['the destination is silent', look('absent', 'unreachable')],
    ['the source is silent', look('unreachable', 'running')],
  ])('stay as long as %s', (_, view) => {
    const walk = movedBy('peer2peer', deleting).done('verify', view);
    expect(walk.started()).not.toContain('removeVolumes');
    for (const actor of ['persist', 'undefine'])
      if (walk.inFlight.has(actor)) walk.fail(actor, operationFailed);
    walk.elapse('peerWait');
    expect(walk.started()).not.toContain('removeVolumes');
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });

  test.each([
    ['the call fails', (walk: Walk) => walk.fail('removeSourceDisks', operationFailed)],
    ['another domain uses them', (walk: Walk) => walk.done('removeSourceDisks', { removed: [] })],
  ])('that stay because %s are told as left, and the migration has succeeded', (_, stays) => {
    const walk = stays(movedBy('direct', deleting).done('verify', whole));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(statusesOf(walk)).toEqual([`${there} made`, `${here} left`]);
  });

  test('whose removal hangs do not make a failure of the migration', () => {
    const walk = movedBy('peer2peer', deleting).done('verify', whole).elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(statusesOf(walk)).toEqual([`${there} made`, `${here} left`]);
  });

  test('are not touched after a rollback', () => {
    const walk = migrating(deleting).done('peer2peer', {
      ...report,
      failure: operationFailed,
      outcome: 'rolledBack',
    });
    walk
      .done('lookForRemains', look('running', 'absent'))
      .done('removeVolumes', { removed: [path] });
    expect(statusesOf(walk)).toEqual([`${there} removed`]);
  });
});
