import { describe, expect, test } from 'vitest';

import { coldSnapshotUpgrades } from '../../../src/bindings/cold-snapshot-upgrades.ts';

const toVersion2 = coldSnapshotUpgrades['2'];

describe('a cold snapshot that version 1 recorded', () => {
  test.each(['saving', 'returning'])('goes on with the look of %s that is under way', (region) => {
    const before = { value: { working: { [region]: 'looking' } }, context: { waitedS: 7 } };
    expect(toVersion2?.(before)).toEqual({
      value: { working: { [region]: { looking: 'asking' } } },
      context: { waitedS: 7 },
    });
  });

  test.each([
    'gathering',
    { working: { returning: 'waiting' } },
    { working: { detaching: 'looking' } },
    { working: { saving: { asking: 'writing' } } },
  ])('stays where it is: %j', (value) => {
    expect(toVersion2?.({ value })).toEqual({ value });
  });

  test('is no snapshot', () => {
    expect(() => toVersion2?.('saving')).toThrow('it is no snapshot');
  });
});
