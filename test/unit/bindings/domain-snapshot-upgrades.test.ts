import { describe, expect, test } from 'vitest';

import { domainSnapshotUpgrades } from '../../../src/bindings/domain-snapshot-upgrades.ts';

const toVersion2 = domainSnapshotUpgrades['2'];
const inMemory = (state: unknown) => ({ working: { creating: { withMemory: state } } });

describe('a snapshot that version 1 recorded', () => {
  test.each([
    ['whose guest was seen to stop', 7, 'paused'],
    ['whose guest ran when it was last heard of', null, 'running'],
  ])('%s goes on with its memory', (_, pausedSinceEpochMs, writing) => {
    const before = { value: inMemory('writing'), context: { pausedSinceEpochMs } };
    expect(toVersion2?.(before)).toEqual({
      value: inMemory({ writing }),
      context: { pausedSinceEpochMs },
    });
  });

  test.each([
    'gathering',
    { working: 'looking' },
    { working: { creating: 'disksAlone' } },
    inMemory({ aborting: 'asking' }),
  ])('stays where it is: %j', (value) => {
    expect(toVersion2?.({ value, context: {} })).toEqual({ value, context: {} });
  });

  test('is no snapshot', () => {
    expect(() => toVersion2?.('working')).toThrow('it is no snapshot');
  });
});
