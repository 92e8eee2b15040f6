import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import type { LabGuest, LabHost } from '../../lab/index.ts';
import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { labRuns } from './lab-runs.ts';
import { useSnapshotLab } from './lab-snapshot.ts';
import { onOldLibvirt } from './old-libvirt.ts';

const runs = labRuns<LiveSnapshotOutput>((hypervisors) =>
  bindLiveSnapshot(onOldLibvirt(hypervisors)),
);

/** Where a guest is. */
interface Place {
  readonly guest: LabGuest;
  readonly host: LabHost;
}

const definitionOf = ({ guest, host }: Place): Promise<string> =>
  host.virsh(['dumpxml', guest.name, '--inactive', '--security-info']);

/** What is configured differs from what runs, holds a password, and is started with its host. */
export async function configureOtherwise(place: Place): Promise<string> {
  const { guest, host } = place;
  const screen = `<graphics type='vnc' port='-1' passwd='hunter22'/></devices>`;
  const team = `<metadata><team xmlns='https://example.org/team'>ours</team></metadata>`;
  const path = join(host.paths.libDir, 'configured.xml');
  await writeFile(
    path,
    (await definitionOf(place)).replace('</devices>', screen).replace('<memory', `${team}<memory`),
  );
  await host.virsh(['define', path]);
  await rm(path);
  await host.virsh(['autostart', guest.name]);
  return definitionOf(place);
}

export const isPersistent = async ({ guest, host }: Place): Promise<boolean> =>
  /^Persistent:\s+yes/m.test(await host.virsh(['dominfo', guest.name]));

/** A lab whose hosts say that they copy disks of transient domains only. */
export function useOldLab(purpose: string) {
  const stage = useSnapshotLab(purpose, 'hostA', { fill: '16M' });
  return Object.assign(stage, {
    follow: (input?: Partial<LiveSnapshotInput>) =>
      runs.follow(stage.hypervisors, stage.inputOf(input)),
    diedIn: (dieIn: string, meanwhile: () => Promise<void> = () => Promise.resolve()) =>
      runs.drive(stage, stage.inputOf(), { dieIn, meanwhile }),
    configure: () => configureOtherwise(stage),
    isPersistent: () => isPersistent(stage),
  });
}

/** The domain has the definition that it had, word for word, and its host starts it. */
export async function expectDefined(
  place: Place,
  configured: string,
  without: RegExp | null = null,
): Promise<void> {
  const { guest, host } = place;
  const info = await host.virsh(['dominfo', guest.name]);
  expect(info).toMatch(/^Persistent:\s+yes/m);
  expect(info).toMatch(/^Autostart:\s+enable/m);
  const definition = await definitionOf(place);
  expect(without === null ? definition : definition.replace(without, '')).toBe(configured);
}
