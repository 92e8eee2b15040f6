import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { labRuns } from './lab-runs.ts';
import { useSnapshotLab } from './lab-snapshot.ts';
import { onOldLibvirt } from './old-libvirt.ts';

const runs = labRuns<LiveSnapshotOutput>((hypervisors) =>
  bindLiveSnapshot(onOldLibvirt(hypervisors)),
);

/** A lab whose hosts say that they copy disks of transient domains only. */
export function useOldLab(purpose: string) {
  const stage = useSnapshotLab(purpose, 'hostA', { fill: '16M' });
  const definition = (): Promise<string> =>
    stage.host.virsh(['dumpxml', stage.guest.name, '--inactive', '--security-info']);
  return Object.assign(stage, {
    follow: (input?: Partial<LiveSnapshotInput>) =>
      runs.follow(stage.hypervisors, stage.inputOf(input)),
    diedIn: (dieIn: string, meanwhile: () => Promise<void> = () => Promise.resolve()) =>
      runs.drive(stage, stage.inputOf(), { dieIn, meanwhile }),
    definition,
    /** What is configured differs from what runs, holds a password, and is started with its host. */
    configure: async (): Promise<string> => {
      const { guest, host } = stage;
      const screen = `<graphics type='vnc' port='-1' passwd='hunter22'/></devices>`;
      const team = `<metadata><team xmlns='https://example.org/team'>ours</team></metadata>`;
      const path = join(host.paths.libDir, 'snapshots', 'configured.xml');
      await writeFile(
        path,
        (await definition()).replace('</devices>', screen).replace('<memory', `${team}<memory`),
      );
      await host.virsh(['define', path]);
      await rm(path);
      await host.virsh(['autostart', guest.name]);
      return definition();
    },
    isPersistent: async (): Promise<boolean> =>
      /^Persistent:\s+yes/m.test(await stage.host.virsh(['dominfo', stage.guest.name])),
  });
}

/** The domain has the definition that it had, word for word, and its host starts it. */
export async function expectDefined(
  stage: ReturnType<typeof useOldLab>,
  configured: string,
): Promise<void> {
  const { guest, host } = stage;
  const info = await host.virsh(['dominfo', guest.name]);
  expect(info).toMatch(/^Persistent:\s+yes/m);
  expect(info).toMatch(/^Autostart:\s+enable/m);
  expect(await stage.definition()).toBe(configured);
}
