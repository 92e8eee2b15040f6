import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { DiskView } from '../../src/ports/domain.ts';
import { placeOf } from '../../src/ports/disk-source.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';
import type { PlayWorld } from './play-world.ts';
import type { FinalHost } from './record.ts';
import type { HostName } from './script.ts';

/** What that host has, as our port tells it; files and processes as they are. */
export async function lookAt(world: PlayWorld, name: HostName): Promise<FinalHost> {
  const signal = AbortSignal.timeout(60_000);
  const host = await world.looking.open(world.uri(name), signal);
  return {
    domain: await lookAtDomain(world, host, signal),
    qemu: await world.hasQemu(name),
    files: (await world.files(name)).map((path) => world.told(path)).toSorted(),
  };
}

async function lookAtDomain(
  world: PlayWorld,
  host: Hypervisor,
  signal: AbortSignal,
): Promise<FinalHost['domain']> {
  const { uuid } = world.guest;
  const view = await host.findDomain(uuid, signal);
  if (view === null) return null;
  const { state, reason, persistent, managedSave, job } = view;
  const told = (path: string | null): string | null => (path === null ? null : world.told(path));
  const lookAtDisk = async ({ targetDev, path, format, blockJob }: DiskView) => {
    const configured = persistent
      ? await host.findDiskImage(uuid, 'configuration', targetDev, signal)
      : null;
    const place = configured === null ? null : placeOf(configured.source);
    return [targetDev, { path: told(path), format, blockJob, configured: told(place) }] as const;
  };
  const claims = await host.findClaims(uuid, signal);
  const snapshots = await host.listSnapshots(uuid, signal);
  return {
    state,
    reason,
    persistent,
    managedSave,
    job: job?.operation ?? null,
    claims: new Set(claims.map(({ run }) => run)).size,
    disks: Object.fromEntries(await Promise.all(view.disks.map(lookAtDisk))),
    snapshots: snapshots
      .map((each) => snapshotOf(each, world))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}

const snapshotOf = (
  { name, parent, current, state, memory, disks }: SnapshotView,
  world: PlayWorld,
) => ({
  name,
  parent,
  current,
  state,
  memory: memory.kind,
  disks: Object.fromEntries(
    disks.map(({ targetDev, kind, overlayPath }) => [
      targetDev,
      overlayPath === null ? kind : `${kind} ${world.told(overlayPath)}`,
    ]),
  ),
});
