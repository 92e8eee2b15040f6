import { describe, expect, test } from 'vitest';

import type {
  ConvergencePolicy,
  DowntimeRamp,
} from '../../machines/policy/migration/convergence.ts';
import { directTo } from './direct.ts';
import { look } from './hosts.ts';
import {
  advance,
  connectionLost,
  migrate,
  operationFailed,
  outputOf,
  planned,
} from './peer2peer.ts';
import { countOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const ramp: DowntimeRamp = { startMs: 50, limitMs: 150, steps: 2, stepMsPerGib: 30_000 };
const once: DowntimeRamp = { startMs: 0, limitMs: 150, steps: 0, stepMsPerGib: 0 };
const withPlan = (policy: Partial<ConvergencePolicy>, sizeGib = 1) =>
  migrate({ convergence: planned(policy, sizeGib) });

/** What the source daemon is asked to take now. */
const wantedOf = (walk: Walk, effect: 'setMaxDowntime' | 'setBandwidth') =>
  walk.inFlight.get(effect)?.input;
const taken = (walk: Walk, downtimeMs: number): Walk =>
  walk.done('setMaxDowntime', { what: 'downtimeMs', value: downtimeMs });
const byHand = (walk: Walk, downtimeMs: number): Walk =>
  walk.send(Object.assign({ type: 'downtime.set' }, { downtimeMs }));
const withBandwidth = (walk: Walk, mibPerS: number): Walk =>
  walk.send(Object.assign({ type: 'bandwidth.set' }, { mibPerS }));
const delayOf = (walk: Walk, name: string): number | undefined =>
  [...walk.timers.values()].find(({ id }) => id.includes(`.${name}.`))?.delayMs;

describe('the downtime limit', () => {
  test('is set once the job exists, and not before', () => {
    const walk = withPlan({ downtime: once });
    expect(walk.inFlight.has('setMaxDowntime')).toBe(false);
    advance(walk, 'begin3');
    expect(wantedOf(walk, 'setMaxDowntime')).toMatchObject({ downtimeMs: 150 });
    advance(taken(walk, 150), 'perform3.precopying');
    expect(countOf(walk, 'setMaxDowntime')).toBe(1);
  });

  test('is tried again a second after the daemon did not take it', () => {
    const walk = advance(withPlan({ downtime: once }), 'begin3');
    walk.fail('setMaxDowntime', operationFailed);
    expect(walk.inFlight.has('setMaxDowntime')).toBe(false);
    expect([...walk.timers.values()].map(({ delayMs }) => delayMs)).toEqual([1_000]);
    expect(walk.elapse('askAgain').inFlight.has('setMaxDowntime')).toBe(true);
  });

  test('is left alone when none was asked for', () => {
    const walk = advance(migrate(), 'confirm3');
    expect(walk.started()).not.toContain('setMaxDowntime');
  });

  test('is set in a migration that we drive, too', () => {
    const walk = directTo('perform3', { convergence: planned({ downtime: once }) });
    expect(wantedOf(walk, 'setMaxDowntime')).toMatchObject({ downtimeMs: 150 });
  });
});

describe('the ramp of the downtime', () => {
  test('rises step by step, each after the time for its size', () => {
    const walk = advance(withPlan({ downtime: ramp }, 4), 'begin3');
    for (const downtimeMs of [50, 100, 150]) {
      expect(wantedOf(walk, 'setMaxDowntime')).toMatchObject({ downtimeMs });
      taken(walk, downtimeMs);
      if (downtimeMs === 150) continue;
      expect(delayOf(walk, 'downtimeStep')).toBe(120_000);
      walk.elapse('downtimeStep');
    }
    expect(walk.timers.size).toBe(0);
    expect(countOf(walk, 'setMaxDowntime')).toBe(3);
  });

  test('is over when a value is given by hand, before the job as well as after', () => {
    const early = advance(byHand(withPlan({ downtime: ramp }), 700), 'begin3');
    expect(wantedOf(early, 'setMaxDowntime')).toMatchObject({ downtimeMs: 700 });
    const late = byHand(taken(advance(withPlan({ downtime: ramp }), 'begin3'), 50), 900);
    expect(wantedOf(late, 'setMaxDowntime')).toMatchObject({ downtimeMs: 900 });
    for (const [walk, downtimeMs] of [[early, 700] as const, [late, 900] as const]) {
      taken(walk, downtimeMs);
      expect(walk.timers.size).toBe(0);
      expect(walk.inFlight.has('setMaxDowntime')).toBe(false);
    }
  });

  test('does not wait longer because the bandwidth is set meanwhile', () => {
    const walk = taken(advance(withPlan({ downtime: ramp }), 'begin3'), 50);
    const step = [...walk.timers.keys()];
    withBandwidth(walk, 10).done('setBandwidth', { what: 'mibPerS', value: 10 });
    const armed = walk.commands.filter(({ do: what, ...rest }) =>
      what === 'armTimer' && 'id' in rest ? step.includes(rest.id) : false,
    );
    expect(armed).toHaveLength(1);
  });

  test('rises at once on a stall, where that was asked for', () => {
    const walk = taken(
      advance(withPlan({ downtime: ramp, stallPasses: 2, onStall: 'raiseDowntime' }), 'begin3'),
      50,
    );
    advance(walk, 'perform3.precopying');
    for (const iteration of [2, 3, 4]) walk.send(iterationOf(iteration, 100));
    expect(wantedOf(walk, 'setMaxDowntime')).toMatchObject({ downtimeMs: 100 });
  });
});

const iterationOf = (iteration: number, remainingBytes: number) =>
  Object.assign({ type: 'source.iteration' }, { iteration, remainingBytes, atEpochMs: iteration });

describe('the bandwidth', () => {
  test('is set by hand as often as wanted, 0 as well', () => {
    const walk = advance(migrate(), 'perform3.precopying');
    for (const mibPerS of [100, 0, 7]) {
      withBandwidth(walk, mibPerS);
      expect(wantedOf(walk, 'setBandwidth')).toEqual({
        host: 'simulated:///hostA',
        domainUuid: expect.any(String),
        mibPerS,
      });
      walk.done('setBandwidth', { what: 'mibPerS', value: mibPerS });
    }
    expect(countOf(walk, 'setBandwidth')).toBe(3);
  });

  test('that was asked for before the job is set when it exists', () => {
    const walk = withBandwidth(migrate(), 100);
    expect(walk.inFlight.has('setBandwidth')).toBe(false);
    expect(wantedOf(advance(walk, 'begin3'), 'setBandwidth')).toMatchObject({ mibPerS: 100 });
  });

  test('of which another value is wanted meanwhile is set anew', () => {
    const walk = withBandwidth(withBandwidth(advance(migrate(), 'begin3'), 100), 200);
    walk.done('setBandwidth', { what: 'mibPerS', value: 100 });
    expect(wantedOf(walk, 'setBandwidth')).toMatchObject({ mibPerS: 200 });
  });

  test('is tried again when the daemon did not take it', () => {
    const walk = withBandwidth(advance(migrate(), 'begin3'), 100);
    walk.fail('setBandwidth', connectionLost).elapse('askAgain');
    expect(wantedOf(walk, 'setBandwidth')).toMatchObject({ mibPerS: 100 });
  });
});

describe('after the end of pre-copy', () => {
  test('nothing is tuned where the destination refused to prepare, asked for or not', () => {
    const walk = withBandwidth(directTo('prepare'), 100);
    walk.fail('setBandwidth', connectionLost).fail('prepare', operationFailed).elapse('askAgain');
    expect(walk.inFlight.has('setBandwidth')).toBe(false);
    expect(walk.snapshot.can({ type: 'bandwidth.set' })).toBe(false);
    expect(walk.snapshot.can({ type: 'downtime.set' })).toBe(false);
  });

  test.each(['perform3Done', 'finish3', 'confirm3'] as const)('nothing is tuned in %s', (phase) => {
    const walk = taken(advance(withPlan({ downtime: ramp }), 'begin3'), 50);
    advance(walk, phase);
    expect(walk.snapshot.can({ type: 'downtime.set' })).toBe(false);
    expect(walk.snapshot.can({ type: 'bandwidth.set' })).toBe(false);
    if (delayOf(walk, 'downtimeStep') !== undefined) walk.elapse('downtimeStep');
    withBandwidth(byHand(walk, 900), 5);
    expect(countOf(walk, 'setMaxDowntime')).toBe(1);
    expect(walk.started()).not.toContain('setBandwidth');
  });

  test('what was refused is not asked for again', () => {
    const walk = advance(withPlan({ downtime: once }), 'begin3');
    walk.fail('setMaxDowntime', operationFailed);
    advance(walk, 'perform3Done').elapse('askAgain');
    expect(walk.inFlight.has('setMaxDowntime')).toBe(false);
  });

  test('nothing is tuned once the daemon has said no', () => {
    const walk = advance(migrate(), 'perform3.precopying').fail('perform', operationFailed);
    expect(walk.snapshot.can({ type: 'bandwidth.set' })).toBe(false);
    walk.done('look', look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });
});
