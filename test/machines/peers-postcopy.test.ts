import { describe, expect, test } from 'vitest';

import type { Situation, Verdict } from '../../machines/policy/peers.ts';
import { judgePeers } from '../../machines/policy/peers.ts';
import { quandaryOf } from '../../machines/policy/migration/quandaries.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { look } from './hosts.ts';
import { ran, ranThere, stood, switched } from './situations.ts';

const situations: readonly (readonly [string, Situation])[] = [
  ['a guest that cannot have switched over', ran],
  ['a guest that may have switched over', { ...ran, ...switched }],
  ['a guest that may have run on the destination', { ...ran, ...ranThere }],
  ['a guest that stood', stood],
];

/** Half of the guest is here and half of it there: neither half is ever resumed or ended. */
describe('post-copy', () => {
  const halves: readonly (readonly [SourceHolding, DestinationHolding, Verdict])[] = [
    ['leftInPostcopy', 'inPostcopy', 'postcopyActive'],
    ['leftInPostcopy', 'brokenPostcopy', 'postcopyBroken'],
    ['leftInPostcopy', 'running', 'sourceStale'],
    ['leftInPostcopy', 'incoming', 'unclear'],
    ['leftInPostcopy', 'absent', 'unclear'],
    ['leftInPostcopy', 'shutoff', 'unclear'],
    ['leftInPostcopy', 'pausedByError', 'unclear'],
    ['leftInPostcopy', 'unreachable', 'unclear'],
    ['brokenPostcopy', 'inPostcopy', 'postcopyBroken'],
    ['brokenPostcopy', 'brokenPostcopy', 'postcopyBroken'],
    ['brokenPostcopy', 'incoming', 'postcopyBroken'],
    ['brokenPostcopy', 'absent', 'postcopyBroken'],
    ['brokenPostcopy', 'unreachable', 'postcopyBroken'],
    ['absent', 'brokenPostcopy', 'postcopyBroken'],
    ['paused', 'inPostcopy', 'postcopyActive'],
    ['absent', 'inPostcopy', 'unclear'],
    ['unreachable', 'brokenPostcopy', 'unclear'],
  ];

  describe.each(situations)('of %s', (_, situation) => {
    test.each(halves)('source %s, destination %s: %s', (source, destination, expected) => {
      const drives = { ...situation, drivesJob: true };
      expect(judgePeers(look(source, destination), situation)).toBe(expected);
      expect(judgePeers(look(source, destination), drives)).toBe(expected);
    });

    test('a half that is left beside a whole guest goes when its daemon, or we, confirm it', () => {
      const view = look('brokenPostcopy', 'running');
      expect(judgePeers(view, situation)).toBe('halfLeft');
      expect(judgePeers(view, { ...situation, drivesJob: true })).toBe('sourceStale');
      expect(quandaryOf('guest', view, situation, 'none').code).toBe('sourceNotEnded');
    });

    test('a job that the source daemon drives is followed, one of ours is not', () => {
      const view = look('inPostcopy', 'inPostcopy');
      expect(judgePeers(view, situation)).toBe('jobActive');
      expect(judgePeers(view, { ...situation, drivesJob: true })).toBe('postcopyActive');
    });
  });
});

test.each([
  ['never ran there', { ...ran, ...switched }, 'postcopyNeverRan'],
  ['ran there', { ...ran, ...ranThere }, 'postcopyHalfGone'],
] as const)(
  'a broken post-copy of which the destination holds nothing: it %s',
  (_, situation, code) => {
    const { advice, ...told } = quandaryOf(
      'guest',
      look('brokenPostcopy', 'absent'),
      situation,
      'none',
    );
    expect(told.code).toBe(code);
    expect(advice).not.toContain('postcopy-resume');
  },
);

describe('a job of our own', () => {
  const drives = { drivesJob: true };

  test.each([
    ['running', { ...ran, ...switched }, 'sourceStale'],
    ['absent', { ...ran, ...switched }, 'sourceToResume'],
    ['absent', { ...ran, ...ranThere }, 'overtaken'],
    ['incoming', { ...ran, ...switched }, 'unclear'],
    ['incoming', ran, 'sourceToResume'],
    ['unreachable', { ...ran, ...switched }, 'unclear'],
    ['pausedByUser', { ...stood, ...switched }, 'sourceStale'],
  ] as const)('waits for us: destination %s', (destination, situation, expected) => {
    expect(judgePeers(look('busy', destination), { ...situation, ...drives })).toBe(expected);
  });
});
