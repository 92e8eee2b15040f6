import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { liveMigrationUpgrades } from '../../../src/bindings/live-migration-upgrades.ts';

const folder = new URL('../../fixtures/snapshots/liveMigration-2/', import.meta.url);
const stored = readdirSync(folder).map((name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  return [name, Object(JSON.parse(text)).record.snapshot] as const;
});
const upgrade = (snapshot: unknown): unknown => liveMigrationUpgrades['3']?.(snapshot);

describe('a run that version 2 has recorded', () => {
  test.each(stored)('%s: has claimed nothing, and is else as it was', (_, snapshot) => {
    const { context } = snapshot;
    expect(upgrade(snapshot)).toEqual({
      ...snapshot,
      context: {
        ...context,
        facts: context.facts === null ? null : { ...context.facts, claims: [] },
        breakClaims: [],
        claim: null,
        held: false,
        ending: null,
      },
    });
  });

  test.each([null, 'gone', [], {}, { context: 'none' }])('%j is refused', (snapshot) => {
    expect(() => upgrade(snapshot)).toThrow('no snapshot of liveMigration');
  });
});
