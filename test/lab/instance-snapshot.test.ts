import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import type { InstanceSnapshotInput, InstanceSnapshotOutput } from '../../machines/index.ts';
import { instanceSnapshotInput } from '../../machines/index.ts';
import { createImageStores } from '../../src/adapters/images/index.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors } from '../../src/index.ts';
import { FailureError } from '../../src/ports/failure.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { outputOf } from '../support/followed-run.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { openLabHosts } from '../support/lab-runs.ts';
import { expectUnharmed, snapshotDirectory, useSnapshotLab } from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

const refused = new FailureError({ code: 'libvirtError', message: 'no copy', effect: 'none' });

describeLab('an image of a guest in a store', () => {
  const stage = useSnapshotLab('instance');

  /** One image; the hosts are left when it is kept. */
  const snapshot = async (
    input: Partial<InstanceSnapshotInput>,
    through: (plain: Hypervisors) => Hypervisors = (plain) => plain,
  ): Promise<InstanceSnapshotOutput> => {
    const own = openLabHosts(stage.lab);
    const hypervisors = through(own);
    const engine = new Engine({
      store: new MemoryStore(),
      clock: systemClock,
      log: noLog,
      machines: bindSnapshots(hypervisors, createImageStores(hypervisors)),
      newRunId: () => `run-${input.name ?? ''}`,
    });
    try {
      const asked = instanceSnapshotInput({
        domain: stage.guest.name,
        host: stage.host.uri,
        store: { kind: 'directory', directory: snapshotDirectory },
        name: 'nightly',
        ...input,
      });
      const ending = await (await engine.start('instanceSnapshot', asked)).wait();
      return outputOf(ending) as InstanceSnapshotOutput;
    } finally {
      await engine.close();
      await own.close();
    }
  };

  test('is taken while it runs, boots and ticks on; a second one of its name is refused', async () => {
    const { guest, host, lab } = stage;
    const before = (await lastTick(guest.serial)) ?? 0;
    const output = await snapshot({ name: 'first', quiesce: 'required' });
    // The guest has it on the disk before it says so.
    const after = ((await lastTick(guest.serial)) ?? 0) + 1;
    expect(output).toMatchObject({
      outcome: 'completed',
      way: 'live',
      consistency: 'filesystem',
      image: { name: 'first', format: 'qcow2', source: { domainName: guest.name } },
    });
    expect(await host.run('sha256sum', [`${snapshotDirectory}/first.qcow2`])).toContain(
      output.image?.sha256,
    );
    await expectUnharmed(stage, ['first.json', 'first.qcow2']);
    const place = { path: `${snapshotDirectory}/first.qcow2`, format: 'qcow2' };
    const tick = await tickOnImage(lab, host, guest, place);
    expect(tick).toBeGreaterThanOrEqual(before);
    expect(tick).toBeLessThanOrEqual(after);
    expect(await snapshot({ name: 'first' })).toMatchObject({
      outcome: 'refused',
      failure: { code: 'imageNew' },
    });
  });

  test('is taken at rest where a live one comes to nothing', async () => {
    const failing = hooked({ copyBlock: () => Promise.reject(refused) });
    const output = await snapshot({ name: 'second' }, failing);
    expect(output).toMatchObject({ outcome: 'completed', way: 'cold', consistency: 'crash' });
    expect(output.notes).toHaveLength(1);
    expect(output.outageMs).toBeGreaterThan(0);
    await expectUnharmed(stage, ['first.json', 'first.qcow2', 'second.json', 'second.qcow2']);
  });
});
