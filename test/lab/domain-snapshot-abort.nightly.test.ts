import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { diskDirectory, useDomainSnapshotLab } from '../support/lab-domain-snapshot.ts';
import { describeLab } from '../support/needs.ts';

const memoryPath = `${diskDirectory}/memory`;

describeLab('a snapshot with memory by libvirt 9.0', () => {
  const stage = useDomainSnapshotLab('domsnapabort');

  test('aborted while the memory is written leaves nothing', async () => {
    // It writes to its memory as fast as that goes to the file.
    const busy = { on: 'hostA', dirtyMiBPerS: 600, dirtyMiB: 400 } as const;
    const { name: domain, serial } = await stage.lab.guest('busy', busy);
    const before = await stage.picture(domain);
    const output = await stage.snapshot({
      domain,
      input: { name: 'aborted', memoryPath: `${memoryPath}.2`, live: true },
      onState: async (state, abort) => {
        if (!state.endsWith('withMemory.writing')) return;
        const file = join(stage.host.paths.imagesDir, 'memory.2');
        const bytes = async () => (await stat(file).catch(() => null))?.size ?? 0;
        await expect.poll(bytes, { timeout: 30_000, interval: 5 }).toBeGreaterThan(2 ** 20);
        abort();
      },
    });
    stage.note('creating.withMemory', 'abort', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output.artefacts).toEqual([]);
    expect(await stage.picture(domain)).toEqual(before);
    await waitForTick(serial, ((await lastTick(serial)) ?? 0) + 2, { timeoutMs: 60_000 });
    await stage.host.virsh(['destroy', domain]);
  }, 120_000);
});
