import { describe, expect, test } from 'vitest';

import { liveSnapshotUpgrades } from '../../../src/bindings/live-snapshot-upgrades.ts';
import { SnapshotWalk } from '../../machines/live-snapshot.ts';

const upgrade = (snapshot: unknown): unknown => liveSnapshotUpgrades['2']?.(snapshot);

describe('a run that version 1 has recorded', () => {
  test('has undefined nothing, and is else as it was', () => {
    const now = Object(new SnapshotWalk().copying().persisted());
    const { definition: _, lateUndefine: __, ...context } = now.context;
    expect(upgrade({ ...now, context })).toEqual(now);
  });

  test.each([null, 'gone', [], {}, { context: 'none' }])('%j is refused', (snapshot) => {
    expect(() => upgrade(snapshot)).toThrow('no snapshot of liveSnapshot');
  });
});
