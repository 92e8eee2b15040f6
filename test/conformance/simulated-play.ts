import type {
  DirectorySpec,
  DomainSpec,
  SimulatedWorld,
} from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import { delay } from '../../src/ports/clock.ts';
import { play } from './play.ts';
import type { PlayWorld, WorldDeed } from './play-world.ts';
import { directories, diskDirectory, sharedDirectory } from './play-world.ts';
import type { PlayRecord } from './record.ts';
import type { Script } from './script.ts';

const uuid = '11111111-2222-3333-4444-555555555555';
const mib = 2 ** 20;
/** What a person takes for it, and a daemon to start. */
const handMs = 50;
const startMs = 2_000;
const unending = new AbortController().signal;
const roomBytes = 10 * 2 ** 30;

/** Plays a script in the simulated world, in virtual time. */
export function playSimulated(script: Script): Promise<PlayRecord> {
  const clock = new VirtualClock({ startEpochMs: 1_700_000_000_000, pace: 'asFastAsPossible' });
  const world = worldOf(script, clock);
  const told = async (): Promise<PlayRecord> => {
    await delay(clock, 10_000, unending);
    return play(script, playWorldOf(world, clock));
  };
  return clock.run(told());
}

function playWorldOf(world: SimulatedWorld, clock: VirtualClock): PlayWorld {
  return {
    clock,
    handMs,
    guest: { name: 'guest', uuid },
    uri: (host) => `simulated:///${host}`,
    connectUri: 'simulated:///hostB',
    looking: world.hypervisors,
    openProcess: () => ({
      hypervisors: world.hypervisors,
      die: () => Promise.resolve(world.dropClient()),
    }),
    act: async (deed) => {
      if (deed.do === 'startDaemon') await delay(clock, startMs, unending);
      act(deed, world);
    },
    files: (host) =>
      Promise.resolve(
        world
          .files(host)
          .map(({ path }) => path)
          .filter(isHeld),
      ),
    hasQemu: (host) => Promise.resolve(world.hasQemu(host, uuid)),
    told: (path) => path.replaceAll(uuid, 'UUID'),
  };
}

const isHeld = (path: string): boolean =>
  [...directories, sharedDirectory].some((directory) => path.startsWith(`${directory}/`));

function act(deed: WorldDeed, world: SimulatedWorld): void {
  switch (deed.do) {
    case 'killDaemon':
      return world.killDaemon(deed.host);
    case 'startDaemon':
      return world.startDaemon(deed.host);
    case 'cutLink':
      return world.cutLink();
    case 'restoreLink':
      return world.restoreLink();
    case 'breakStreams':
      return world.breakStreams('untilRestored');
    case 'killQemu':
      return world.killQemu(uuid);
    case 'powerOff':
      return world.powerOff(uuid);
  }
}

function worldOf({ guest, linkMibPerS = 1_000, small }: Script, clock: VirtualClock) {
  const rooms: DirectorySpec[] = directories
    .filter((path) => path !== diskDirectory)
    .map((path) => ({ path, capacityBytes: roomBytes }));
  const others = rooms.filter(({ path }) => path !== small?.path);
  const tight = small === undefined ? [] : [{ path: small.path, capacityBytes: small.mib * mib }];
  const host = (name: string) => ({
    name,
    pools: [{ name: 'images', targetPath: diskDirectory, capacityBytes: roomBytes }],
    directories: [...others, ...tight],
  });
  return createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [host('hostA'), host('hostB')],
    domains: [guestOf(guest)],
    link: { bandwidthBytesPerS: linkMibPerS * mib },
    faults: [],
  });
}

function guestOf(guest: Script['guest']): DomainSpec {
  const storage = guest.storage ?? 'private';
  const directory = storage === 'shared' ? sharedDirectory : diskDirectory;
  const file = { storage, format: 'qcow2' } as const;
  const disks = [
    {
      targetDev: 'vda',
      path: `${directory}/guest.qcow2`,
      capacityBytes: 64 * mib,
      filledBytes: (guest.fillMiB ?? 8) * mib,
      ...file,
    },
    { targetDev: 'vdb', path: `${directory}/guest-extra.qcow2`, capacityBytes: 16 * mib, ...file },
  ];
  return {
    name: 'guest',
    uuid,
    host: 'hostA',
    state: guest.state === 'shutOff' ? 'shutoff' : (guest.state ?? 'running'),
    memoryBytes: 128 * mib,
    dirtyBytesPerS: (guest.dirtyMiBPerS ?? 1) * mib,
    disks: disks.slice(0, guest.twoDisks === true ? 2 : 1),
    agent: guest.agent === true ? 'well' : 'none',
    devices: guest.device === true ? [{ alias: 'rng0', element: 'rng', needsGuest: true }] : [],
  };
}
