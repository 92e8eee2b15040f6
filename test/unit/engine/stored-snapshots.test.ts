import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { createSimulatedWorld } from '../../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../../src/bindings/migrations.ts';
import { registerMachines } from '../../../src/engine/registry.ts';
import { upgrade } from '../../../src/engine/revive.ts';
import { checkSnapshot } from '../../../src/engine/snapshot-check.ts';
import type { StoredRun } from '../../../src/ports/run-store.ts';
import { Engines } from '../../support/engines.ts';

const folder = join(import.meta.dirname, '../../fixtures/snapshots');
const { clock } = new Engines();
const { hypervisors } = createSimulatedWorld({
  seed: 1,
  clock,
  hosts: [],
  domains: [],
  link: { bandwidthBytesPerS: 1 },
  faults: [],
});
const machines = registerMachines(bindMigrations(hypervisors));
const versions = await readdir(folder);

/** Recorded from simulated migrations when those versions were the present ones. */
describe.each(versions)('%s', async (version) => {
  const files = await readdir(join(folder, version));
  test.each(files)('a run that was left in %s goes on with the present machine', async (file) => {
    const stored: StoredRun = JSON.parse(await readFile(join(folder, version, file), 'utf8'));
    const { record } = stored;
    expect(`${record.machine}-${record.version}`).toBe(version);
    const machine = machines.get(record.machine);
    if (machine === undefined) throw new Error(`machine ${record.machine} is gone`);
    const upgraded = upgrade(record.snapshot, record.version, machine);
    if ('reason' in upgraded) throw new Error(upgraded.reason);
    const verdict = checkSnapshot(machine, upgraded.snapshot, stored);
    expect(verdict).toMatchObject({ fits: true });
    if (!verdict.fits) return;
    const restored = machine.stepper.restore(verdict.snapshot);
    expect(restored.status).toBe('active');
    const persisted: unknown = JSON.parse(JSON.stringify(machine.stepper.persist(restored)));
    expect(verdict.snapshot).toMatchObject(Object(persisted));
  });
});
