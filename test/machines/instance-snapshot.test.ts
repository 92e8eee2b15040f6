import { describe, expect, test } from 'vitest';

import { instanceSnapshot, instanceSnapshotInput } from '../../machines/index.ts';
import type { InstanceSnapshotInput } from '../../machines/index.ts';
import type { InstanceSnapshotFacts } from '../../machines/policy/instance-snapshot/instance-snapshot.ts';
import { beforeInstanceSnapshot } from '../../machines/policy/instance-snapshot/instance-snapshot.ts';
import { foretellInstance } from '../../machines/policy/instance-snapshot/ways.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const input = instanceSnapshotInput({
  domain: 'guest',
  host: 'simulated:///hostA',
  store: { kind: 'directory', directory: '/images' },
  name: 'nightly',
});
const fine = [{ check: 'any', objection: null }];
const bad = [{ check: 'any', objection: 'it does not run' }];
const facts: InstanceSnapshotFacts = {
  atEpochMs: 7,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
  verdicts: { live: fine, cold: fine },
  nameObjection: null,
  staged: '/images/.nightly.qcow2.staged',
  kept: '/images/nightly.qcow2',
  taken: false,
};
const staged = { kind: 'image', host: input.host, path: facts.staged };
const kept = { kind: 'image', host: input.host, path: facts.kept, status: 'made' };
const image = {
  targetDev: 'vda',
  path: facts.staged,
  format: 'qcow2',
  virtualSizeBytes: 5,
  allocationBytes: 3,
};
const whole = {
  outcome: 'completed',
  failure: null,
  artefacts: [],
  images: [image],
  consistency: 'filesystem',
  frozenMs: 12,
  notes: [],
};
const failed = (code: string, outcome = 'rolledBack') => ({
  ...whole,
  outcome,
  failure: { code, message: `it failed: ${code}`, effect: 'none' },
  images: [],
  consistency: null,
});
const metadata = {
  name: 'nightly',
  format: 'qcow2',
  virtualSizeBytes: 5,
  consistency: 'filesystem',
  createdAtEpochMs: 7,
  source: {
    host: input.host,
    domainUuid: guestView.uuid,
    domainName: guestView.name,
    targetDev: 'vda',
  },
};
const stored = { image: { ...metadata, sizeBytes: 3, sha256: 'a'.repeat(64) } };
const refusal = { code: 'noSpace', message: 'full', effect: 'none' } as const;

const walk = (change: Partial<InstanceSnapshotInput> = {}, found: object = {}) =>
  new Walk(instanceSnapshot, { ...input, ...change }).done('gather', { ...facts, ...found });
const way = (live: typeof fine | typeof bad, cold: typeof fine | typeof bad) => ({
  verdicts: { live, cold },
});

describe('an image of a guest', () => {
  test('is taken while it runs, and kept with what is known of it', () => {
    const run = walk();
    expect(run.inFlight.get('live')?.input).toMatchObject({
      directory: '/images',
      fileName: '.nightly.qcow2.staged',
      quiesce: 'try',
    });
    expect(run.snapshot.context.artefacts).toEqual([{ ...staged, status: 'expected' }]);
    run.done('live', whole);
    expect(run.inFlight.get('keep')?.input).toEqual({
      host: input.host,
      store: input.store,
      metadata,
    });
    run.done('keep', stored);
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      way: 'live',
      consistency: 'filesystem',
      frozenMs: 12,
      image: stored.image,
      artefacts: [kept],
      verdicts: { live: fine, cold: [...fine, { check: 'mayRest', objection: null }] },
    });
  });

  test('that was taken tells of a claim that its snapshot could not take away', () => {
    const claim = { kind: 'claim', host: input.host, path: guestView.uuid, status: 'left' };
    const run = walk()
      .done('live', { ...whole, artefacts: [claim, { ...staged, status: 'made' }] })
      .done('keep', stored);
    expect(run.output()).toMatchObject({ outcome: 'completed', artefacts: [claim, kept] });
  });

  test('tells of no claim that its second way has taken away', () => {
    const claim = { kind: 'claim', host: input.host, path: guestView.uuid, status: 'left' };
    const run = walk()
      .done('live', { ...failed('copyBroken'), artefacts: [claim] })
      .done('cold', whole)
      .done('keep', stored);
    expect(run.output()).toMatchObject({ outcome: 'completed', artefacts: [kept] });
  });

  test('tells of a claim that is left although its second way never began', () => {
    const claim = { kind: 'claim', host: input.host, path: guestView.uuid, status: 'left' };
    const run = walk()
      .done('live', { ...failed('copyBroken'), artefacts: [claim] })
      .done('cold', failed('hostUnreachable', 'refused'));
    expect(run.output()).toMatchObject({ artefacts: [claim] });
  });

  test('is taken at rest where something speaks against a live one', () => {
    const run = walk({}, way(bad, fine));
    expect(run.started()).toEqual(['gatherFacts', 'coldSnapshot']);
  });

  test('of a guest that is shut off is called so', () => {
    const domain = { ...guestView, state: 'shutoff' };
    const run = walk({}, { ...way(bad, fine), domain })
      .done('cold', whole)
      .done('keep', stored);
    expect(run.output()).toMatchObject({ outcome: 'completed', way: 'offline' });
  });

  test.each([
    ['it is not there', {}, { domain: null }, 'domainExists'],
    ['the name cannot be an image', {}, { nameObjection: 'a slash' }, 'nameValid'],
    ['the name is taken', {}, { taken: true }, 'imageNew'],
    ['no way is open', {}, way(bad, bad), 'someWay'],
    ['the wanted way is not open', { way: 'live' }, way(bad, fine), 'someWay'],
    ['it would be stopped unfrozen', { quiesce: 'required' }, way(bad, fine), 'someWay'],
    [
      'it crashed, and would need a freeze',
      { quiesce: 'required' },
      { domain: { ...guestView, state: 'shutoff', reason: 'crashed' } as const, ...way(bad, fine) },
      'someWay',
    ],
    ['it would be stopped unasked', { mayFallBack: false }, way(bad, fine), 'someWay'],
  ] as const)('is refused where %s', (_, change, found, code) => {
    const run = walk(change, found);
    expect(run.output()).toMatchObject({ outcome: 'refused', failure: { code }, artefacts: [] });
    expect(run.started()).toEqual(['gatherFacts']);
  });

  test('that is refused is told once what speaks against both ways', () => {
    const full = { check: 'space', objection: 'it is full' };
    const verdicts = { live: [...bad, full], cold: [full] };
    expect(walk({ quiesce: 'required' }, { verdicts }).output()).toMatchObject({
      failure: {
        message:
          'it is full; live: it does not run; cold: guest would be stopped without a freeze, and one is required',
      },
    });
  });

  test('that was taken at rest, without a try while it ran, says why', () => {
    const run = walk({}, way(bad, fine))
      .done('cold', { ...whole, notes: [] })
      .done('keep', stored);
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      way: 'cold',
      notes: ['it was not taken live: it does not run'],
    });
  });

  test('a guest that shut itself down is copied as it lies, whatever was asked for its freeze', () => {
    const domain = { ...guestView, state: 'shutoff', reason: 'shutdown' } as const;
    const run = walk({ quiesce: 'required', mayFallBack: false }, { domain, ...way(bad, fine) });
    expect(run.isIn('takingCold')).toBe(true);
  });

  test('that came to nothing while it ran is taken at rest, and that is told', () => {
    const run = walk().done('live', failed('mirrorFailed'));
    expect(run.isIn('takingCold')).toBe(true);
    run.done('cold', { ...whole, consistency: 'crash' }).done('keep', stored);
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      failure: null,
      way: 'cold',
      notes: ['a live snapshot came to nothing: it failed: mirrorFailed'],
    });
  });

  test.each([
    ['it was called off', {}, {}, 'abortRequested'],
    ['the guest is gone', {}, {}, 'guestGone'],
    ['a freeze was required', { quiesce: 'required' }, {}, 'agentUnavailable'],
    ['it may not stand still', { mayFallBack: false }, {}, 'mirrorFailed'],
    ['nothing but live was wanted', { way: 'live' }, {}, 'mirrorFailed'],
    ['it cannot be taken at rest', {}, way(fine, bad), 'mirrorFailed'],
  ] as const)('is not taken at rest where %s', (_, change, found, code) => {
    const run = walk(change, found).done('live', failed(code));
    expect(run.output()).toMatchObject({ outcome: 'rolledBack', failure: { code } });
    expect(run.output()).toMatchObject({ artefacts: [] });
  });

  test.each(['live', 'cold'] as const)('that left a guest to an operator says so: %s', (which) => {
    const run = walk({}, which === 'live' ? {} : way(bad, fine));
    run.done(which, failed('stillFrozen', 'needsOperator'));
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'stillFrozen' },
    });
  });

  test('tells what its snapshot could not take away', () => {
    const left = { kind: 'delta', host: input.host, path: '/images/d', status: 'left' };
    const run = walk({ mayFallBack: false }).done('live', {
      ...failed('mirrorFailed'),
      artefacts: [left, { ...left, path: '/images/e', status: 'removed' }],
    });
    expect(run.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [left] });
  });
});

const unkept = () => walk().done('live', whole).fail('keep', refusal);

describe('a store that does not take the image', () => {
  test('is asked again', () => {
    const run = unkept().elapse('askAgain').done('keep', stored);
    expect(run.output()).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('gets no second image: the first goes away again', () => {
    const run = unkept().elapse('keepWait').done('remove');
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'noSpace' },
      artefacts: [{ ...staged, status: 'removed' }],
    });
  });

  test('that keeps what it should not have is told of, in each place where it may stand', () => {
    const run = unkept().elapse('keepWait').fail('remove', refusal);
    const left = { ...staged, status: 'left' };
    expect(run.output()).toMatchObject({ artefacts: [left, { ...left, path: facts.kept }] });
  });

  test('is waited for anew after a time in which nobody drove', () => {
    const run = unkept();
    const timer = [...run.timers.values()].find(({ id }) => id.includes('keepWait'));
    if (timer === undefined) throw new Error('nothing bounds the wait');
    run.send({ ...timer.event, late: true } as { type: string });
    expect(run.isIn('keeping.storing')).toBe(true);
  });
});

describe('an abort', () => {
  test.each(['live', 'cold'] as const)('goes to the %s snapshot', (which) => {
    const run = walk({}, which === 'live' ? {} : way(bad, fine)).send({ type: 'abort.requested' });
    expect(run.commands.filter((command) => command.do === 'sendTo')).toHaveLength(1);
  });

  test('before anything was touched leaves nothing', () => {
    const run = new Walk(instanceSnapshot, input).send({ type: 'abort.requested' });
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
  });

  test('drops an image that is about to be kept', () => {
    const run = walk().done('live', whole).send({ type: 'abort.requested' }).done('remove');
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [{ status: 'removed' }],
    });
  });
});

describe('before anything is touched, a person is told', () => {
  test.each([
    ['the live way', {}, {}, /^it would be taken live/],
    ['that it lies still', { state: 'shutoff' }, way(bad, fine), /^it would be copied as it lies$/],
    ['that it is stopped, and why', {}, way(bad, fine), /stands still for it: it does not run$/],
  ] as const)('%s', (_, change, found, words) => {
    const domain = { ...guestView, ...change };
    const context = { ...input, ...beforeInstanceSnapshot, facts: { ...facts, ...found, domain } };
    expect(foretellInstance(context)).toMatch(words);
  });
});
