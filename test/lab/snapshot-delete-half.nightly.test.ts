import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import type { SnapshotDeleteOutput } from '../../machines/index.ts';
import type { DeletionStage, Picture } from '../support/lab-deletion.ts';
import { expectTwoDeleted, twoDeep, useDeletionLab } from '../support/lab-deletion.ts';
import { describeLab } from '../support/needs.ts';

type Moment = (host: LabHost, changedFile: string | null) => Promise<boolean>;

const recordOf = ({ paths }: LabHost): string => join(paths.runDir, 'qemu');
const isReady = /<mirror[^>]*ready='yes'/g;

/** Both jobs may be pivoted, as libvirtd's own record tells; whatever comes then takes it milliseconds. */
const allReady: Moment = async (host) => {
  const record = await readFile(join(recordOf(host), 'guest.xml'), 'utf8').catch(() => '');
  return record.match(isReady)?.length === 2;
};
const layerRemoved: Moment = (_, file) => Promise.resolve(file === 'two.vda');

/** SIGKILL for libvirtd in that moment, or when the layer is removed, and a new one. */
async function killedWhen(host: LabHost, isNow: Moment): Promise<void> {
  const { promise: killed, resolve } = Promise.withResolvers<void>();
  const look = async (file: string | null): Promise<void> => {
    if ((await isNow(host, file)) || (await layerRemoved(host, file))) resolve(host.kill());
  };
  const watches = [host.paths.imagesDir, recordOf(host)].map((directory) =>
    watch(directory, (event, name) => {
      if (event === 'rename') void look(name);
    }),
  );
  await killed;
  for (const each of watches) each.close();
  await host.start();
}

/** Files of the guest's disks by QEMU's own word; `null`: libvirt knows of no QEMU. */
async function filesInQemu({ host }: DeletionStage): Promise<string[] | null> {
  if ((await host.virsh(['domstate', 'guest'])).trim() !== 'running') return null;
  const asked = ['qemu-monitor-command', 'guest', '{"execute":"query-block"}'];
  const answer = JSON.parse(await host.virsh(asked)) as {
    return: readonly { inserted?: { file: string } }[];
  };
  return answer.return.flatMap(({ inserted }) => inserted?.file ?? []);
}

/** What it must have said of what libvirtd has made of it. @returns what a person does then, as told */
function judged(
  stage: DeletionStage,
  output: SnapshotDeleteOutput,
  after: Picture,
  written: readonly string[] | null,
): { readonly found: string; readonly advice: () => Promise<unknown> } {
  const { host } = stage;
  if (written === null) {
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'guestUnseen' } });
    return {
      found: 'the guest is lost',
      advice: async () => {
        expect(await host.qemuProcesses()).toEqual(['guest']);
        const pid = await readFile(join(recordOf(host), 'guest.pid'), 'utf8');
        process.kill(Number(pid), 'SIGTERM');
        await expect.poll(() => host.qemuProcesses(), { timeout: 20_000 }).toEqual([]);
      },
    };
  }
  expect(after.configured).toEqual(written);
  if (after.disks.join() === written.join()) {
    const isOver = !after.snapshots.includes('two');
    expect(output.outcome).toBe(isOver ? 'completed' : 'rolledBack');
    return { found: 'its layers are known', advice: () => Promise.resolve() };
  }
  expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'chainStale' } });
  return {
    found: 'libvirt believes in the old layer',
    advice: async () => {
      await host.virsh(['destroy', 'guest']);
      await host.virsh(['start', 'guest']);
    },
  };
}

describeLab('a deletion that libvirt 9.0 is killed in', () => {
  const stage = useDeletionLab('snapdelh');

  test.each([
    ['all is ready to be pivoted', allReady],
    ['the layer of one disk of two is removed', layerRemoved],
  ])(
    "libvirt's daemon killed when %s: what is said is true, and leads to the end",
    async (moment, isNow) => {
      const { host } = stage;
      const before = await twoDeep(stage);
      const output = await stage.remove({
        what: { name: 'two' },
        onState: (state) => (state === 'working.deleting' ? killedWhen(host, isNow) : undefined),
      });
      const written = await filesInQemu(stage);
      const { advice, found } = judged(stage, output, await stage.picture(), written);
      stage.note('deleting', `libvirtd killed when ${moment}: ${found}`, output);
      if (output.outcome !== 'completed') {
        await advice();
        await stage.releaseClaims();
        const again = await stage.remove({ what: { name: 'two' } });
        expect(again).toMatchObject({ outcome: 'completed', failure: null, artefacts: [] });
        if (written === null) await host.virsh(['start', 'guest']);
      }
      await expectTwoDeleted(stage, before);
    },
    180_000,
  );
});
