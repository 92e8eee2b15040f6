import { describe, expect, test } from 'vitest';

import { snapshotDeleteUpgrades } from '../../../src/bindings/snapshot-delete-upgrades.ts';
import { DeletionWalk } from '../../machines/snapshot-deletion.ts';

const asItWas = snapshotDeleteUpgrades['3'];
const upgrade = (snapshot: unknown): unknown => snapshotDeleteUpgrades['2']?.(snapshot);

describe('a run that version 1 has recorded', () => {
  test('knows of nothing that a daemon does not, and is else as it was', () => {
    const now = Object(new DeletionWalk().merging().persisted());
    const { stale: _, uncertain: __, ...context } = now.context;
    expect(upgrade({ ...now, context })).toEqual(now);
  });

  test.each([null, 'gone', [], {}, { context: 'none' }])('%j is refused', (snapshot) => {
    expect(() => upgrade(snapshot)).toThrow('no snapshot of snapshotDelete');
  });
});

test('a run that version 2 has recorded is gone on with as it is', () => {
  const now = new DeletionWalk().merging().persisted();
  expect(asItWas?.(now)).toEqual(now);
});
