import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { waitForTick } from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { systemClock } from '../../src/index.ts';
import type { Hypervisors } from '../../src/index.ts';
import { openLabHosts } from '../support/lab-runs.ts';
import { slowly } from '../support/lab-saving.ts';
import { play } from './play.ts';
import type { PlayWorld, WorldDeed } from './play-world.ts';
import { directories, imageDirectory, memoryDirectory, sharedDirectory } from './play-world.ts';
import type { PlayRecord } from './record.ts';
import type { Script } from './script.ts';

/** A tick that the guest has written to its disk before anything is done to it. */
const firstTick = 2;

/** Plays a script on real hosts, which are as new before, and are left as it left them. */
export async function playOnLab(script: Script, lab: Lab): Promise<PlayRecord> {
  const looking = openLabHosts(lab);
  const hostA = lab.host('hostA');
  const { linkMibPerS, slowSave, small } = script;
  try {
    await Promise.all(lab.hosts.map((host) => host.run('mkdir', ['-p', imageDirectory])));
    if (slowSave === true) await hostA.start(slowly);
    const guest = await makeGuest(script, lab);
    if (linkMibPerS !== undefined)
      await Promise.all(lab.hosts.map((host) => host.setRate(`${linkMibPerS * 8}mbit`)));
    if (small !== undefined) await mount(hostA, small);
    return await play(script, playWorldOf(lab, guest, looking));
  } finally {
    await looking.close();
    if (small !== undefined) await hostA.run('umount', ['--lazy', small.path]);
  }
}

/**
 * Where nothing is asked of its system, nobody waits until it has booted; but the memory of one that
 * has not is saved in no time, and finds room anywhere.
 */
async function makeGuest(script: Script, lab: Lab): Promise<LabGuest> {
  const { agent, device, dirtyMiBPerS, state } = script.guest;
  const options = guestOf(script);
  if (state === 'shutOff') return lab.guest('guest', options);
  const isSaved = script.slowSave === true || script.small?.path === memoryDirectory;
  if (agent === true || device === true || dirtyMiBPerS !== undefined || isSaved) {
    const guest = await lab.guest('guest', options);
    await waitForTick(guest.serial, firstTick, { timeoutMs: 60_000 });
    return guest;
  }
  const guest = await lab.guest('guest', { ...options, state: 'shutOff' });
  const { uri } = lab.host('hostA');
  await virsh(uri, ['start', guest.name], { timeoutMs: 60_000 });
  if (state === 'paused') await virsh(uri, ['suspend', guest.name]);
  return guest;
}

async function mount(host: LabHost, { path, mib }: NonNullable<Script['small']>): Promise<void> {
  await host.run('mkdir', ['-p', path]);
  await host.run('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', path]);
}

function guestOf(script: Script): GuestOptions {
  const { guest } = script;
  return {
    on: 'hostA',
    storage: guest.storage ?? 'private',
    state: guest.state ?? 'running',
    agent: guest.agent === true ? 'present' : 'absent',
    extraDisk: guest.twoDisks === true ? '16M' : undefined,
    fill: `${guest.fillMiB ?? 8}M`,
    dirtyMiBPerS: guest.dirtyMiBPerS,
    pluggedDevices: guest.device === true ? ['rng'] : [],
  };
}

function playWorldOf(lab: Lab, guest: LabGuest, looking: Hypervisors): PlayWorld {
  return {
    clock: systemClock,
    handMs: 0,
    guest,
    uri: (host) => lab.host(host).uri,
    connectUri: lab.host('hostB').tcp,
    looking,
    openProcess: () => {
      const hypervisors = openLabHosts(lab);
      return { hypervisors, die: () => hypervisors.close() };
    },
    act: (deed) => act(deed, lab, guest.name),
    files: async (host) => {
      const places = [...directories, lab.paths.sharedDir];
      const found = await lab.host(host).run('find', [...places, '-type', 'f']);
      return found.split('\n').filter((path) => path !== '');
    },
    hasQemu: async (host) => (await lab.host(host).qemuProcesses()).includes(guest.name),
    told: (path) =>
      path.replaceAll(lab.paths.sharedDir, sharedDirectory).replaceAll(guest.uuid, 'UUID'),
  };
}

/** While it moves, still the host that it leaves. */
async function whereItRuns(lab: Lab, guest: string): Promise<LabHost> {
  for (const host of lab.hosts) if ((await host.qemuProcesses()).includes(guest)) return host;
  throw new Error(`${guest} runs nowhere`);
}

async function act(deed: WorldDeed, lab: Lab, guest: string): Promise<void> {
  switch (deed.do) {
    case 'killDaemon':
      return lab.host(deed.host).kill();
    case 'startDaemon':
      return lab.host(deed.host).start();
    case 'cutLink':
      return lab.host('hostA').setLink('down');
    case 'restoreLink':
      await Promise.all(lab.hosts.map((host) => host.healPorts()));
      return lab.host('hostA').setLink('up');
    case 'breakStreams':
      await Promise.all(lab.hosts.map((host) => host.breakStreams()));
      return;
    case 'killQemu': {
      const where = await whereItRuns(lab, guest);
      return where.signalQemu(guest, 'SIGKILL');
    }
    case 'powerOff': {
      // Its own agent does it, and is gone before it could answer.
      const where = await whereItRuns(lab, guest);
      await where.virsh(['shutdown', guest, '--mode', 'agent'], { timeoutMs: 30_000 });
      return;
    }
  }
}
