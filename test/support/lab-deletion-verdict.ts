import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import type { SnapshotDeleteOutput } from '../../machines/index.ts';
import type { DeletionStage, Picture } from './lab-deletion.ts';
import { overlay } from './lab-deletion.ts';
import { expectTicking } from './lab-runs.ts';

/** What libvirtd has made of its guest, and what a person is told to do before anything else. */
export interface Verdict {
  readonly found: string;
  readonly advice: () => Promise<unknown>;
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

/** A run over which libvirtd was killed must have said of its guest what is true. */
export async function judged(
  stage: DeletionStage,
  output: SnapshotDeleteOutput,
  before: Picture,
): Promise<Verdict> {
  const written = await filesInQemu(stage);
  const after = await stage.picture();
  if (written === null) return guestUnseen(stage, output, { before, after });
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
      await stage.host.virsh(['destroy', 'guest']);
      await stage.host.virsh(['start', 'guest'], { timeoutMs: 60_000 });
    },
  };
}

/** libvirt 9.0 has written a record of it that it cannot read: `<mirror job=''>`. */
async function guestUnseen(
  stage: DeletionStage,
  output: SnapshotDeleteOutput,
  { after, before }: { readonly before: Picture; readonly after: Picture },
): Promise<Verdict> {
  const { host } = stage;
  expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'guestUnseen' } });
  expect(await host.qemuProcesses()).toEqual(['guest']);
  await expectTicking(stage);
  for (const { base, top } of output.merged) {
    expect(after.configured).toContain(base);
    expect(after.configured).not.toContain(top);
  }
  // Else libvirt has removed by itself what it had merged.
  if (output.way === 'merge') expect(after.files).toEqual(before.files);
  const left = await leftLayers(stage, output);
  return {
    found: `the guest is lost, and writes to ${left.length === 0 ? 'what is named' : 'a lower layer'}`,
    advice: async () => {
      const pid = await readFile(join(host.paths.runDir, 'qemu', 'guest.pid'), 'utf8');
      process.kill(Number(pid), 'SIGTERM');
      await expect.poll(() => host.qemuProcesses(), { timeout: 20_000 }).toEqual([]);
      if (left.length > 0) await nameLower(host, left);
    },
  };
}

interface Layer {
  readonly top: string;
  readonly base: string;
}

/** Of the layers that are not known to be in use, those that the guest does not write to. */
async function leftLayers(stage: DeletionStage, output: SnapshotDeleteOutput): Promise<Layer[]> {
  const unknown = ['vda', 'vdb']
    .map((disk) => ({ top: overlay('two', disk), base: overlay('one', disk) }))
    .filter(({ base, top }) => output.failure?.message.includes(`${top} over ${base}`));
  const written = () => Promise.all(unknown.map(({ top }) => changedAtMs(stage, top)));
  const before = await written();
  // It writes each of its ticks to its first disk.
  await expectTicking(stage);
  const after = await written();
  return unknown.filter((_, index) => before[index] === after[index]);
}

const changedAtMs = async ({ host }: DeletionStage, path: string): Promise<number> =>
  (await stat(join(host.paths.imagesDir, basename(path)))).mtimeMs;

async function nameLower(host: LabHost, layers: readonly Layer[]): Promise<void> {
  const configured = await host.virsh(['dumpxml', 'guest', '--inactive']);
  const file = join(host.dir, 'guest.xml');
  const disks = configured.replace(/<disk [^]*?<\/disk>/g, (disk) => {
    const left = layers.find(({ top }) => disk.includes(top));
    if (left === undefined) return disk;
    return disk.replace(left.top, left.base).replace(/<backingStore[^]*<\/backingStore>/, '');
  });
  await writeFile(file, disks);
  await host.virsh(['define', file]);
}
