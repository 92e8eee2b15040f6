import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

import {
  diskDirectory,
  expectTaken,
  useDomainSnapshotLab,
} from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a snapshot with memory by libvirt 9.0', () => {
  const stage = useDomainSnapshotLab('domsnapabort', 'hostA', { dirtyMiBPerS: 40, dirtyMiB: 120 });
  // A compression that takes many seconds: what is aborted meanwhile is aborted in time.
  beforeAll(() => stage.host.start({ qemu: { snapshot_image_format: 'xz' } }), 60_000);

  const writtenBytes = async (): Promise<number> =>
    (await stat(join(stage.host.paths.imagesDir, 'aborted.memory')).catch(() => null))?.size ?? 0;

  test.each([
    ['while its memory is written, of a guest that stands', false, 1],
    ['while its memory is written, of a guest that runs on', true, 1],
    ['as soon as it is asked for', true, 0],
  ])(
    'aborted %s leaves nothing',
    async (_, live, fromBytes) => {
      const before = await stage.picture();
      const output = await stage.snapshot({
        input: { name: 'aborted', memoryPath: `${diskDirectory}/aborted.memory`, live },
        onState: async (state, abort) => {
          if (!state.endsWith('withMemory.writing.running')) return;
          await expect
            .poll(writtenBytes, { timeout: 30_000, interval: 5 })
            .toBeGreaterThanOrEqual(fromBytes);
          abort();
        },
      });
      stage.note('creating.withMemory', fromBytes === 0 ? 'abort at once' : 'abort', output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'abortRequested' },
        artefacts: [],
      });
      expect(await stage.picture()).toEqual(before);
      await expectTicking(stage);
    },
    180_000,
  );

  test('that libvirt had taken before it heard of the abort stays, and says so', async () => {
    const before = await stage.picture();
    const output = await stage.snapshot({
      input: { name: 'late', kind: 'internal' },
      onState: (state, abort) => {
        if (state.endsWith('withMemory.writing.running')) abort();
      },
    });
    stage.note('creating.withMemory', 'abort of what libvirt cannot abort', output);
    expect(output).toMatchObject({
      outcome: 'completed',
      failure: null,
      notes: [expect.stringContaining('the abort came too late')],
    });
    expectTaken(before, await stage.picture(), output);
    await expectTicking(stage);
  }, 180_000);
});
