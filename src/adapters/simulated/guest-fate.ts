import { endDomain } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import { agentStateOf } from './guest-agent-calls.ts';
import type { AgentSpec } from './world-spec.ts';
import type { World } from './world.ts';

/** What befalls a guest where it runs, whoever works on it. Nothing where it does not run. */
export interface GuestFate {
  /** The guest turns itself off. */
  powerOff(domainUuid: string): void;
  /** SIGKILL for its QEMU. */
  killQemu(domainUuid: string): void;
  /** SIGTERM for a QEMU of which its daemon knows nothing. */
  endLostGuest(domainUuid: string): void;
  /** QEMU meets an I/O error in the job on that disk. */
  failBlockJob(domainUuid: string, targetDev: string): void;
  setAgent(domainUuid: string, agent: AgentSpec): void;
}

export function guestFateOf(world: World): GuestFate {
  return {
    powerOff: (uuid) => {
      for (const place of present(world, uuid)) {
        const { stream } = place.domain.qemu ?? {};
        world.fated.add(uuid);
        if (stream?.status === 'active')
          world.tell(place.host, uuid, { kind: 'migrationStatus', status: 'cancelling' });
        // Its agent ends before the guest does.
        if (agentStateOf(place.domain) === 'connected')
          world.tell(place.host, uuid, { kind: 'agent', state: 'disconnected' });
        endDomain(place, 'shutdown');
      }
    },
    killQemu: (uuid) => {
      for (const place of present(world, uuid)) {
        world.fated.add(uuid);
        endDomain(place, 'crashed', 'failed');
      }
    },
    endLostGuest: (uuid) => {
      for (const lost of world.lostGuests) if (lost.uuid === uuid) lost.qemu.kill();
    },
    failBlockJob: (uuid, targetDev) => {
      for (const { domain } of running(world, uuid)) domain.qemu?.blockJobs.get(targetDev)?.fail();
    },
    setAgent: (uuid, agent) => {
      for (const { domain } of running(world, uuid))
        domain.definition = { ...domain.definition, agent };
      world.changed();
    },
  };
}

/** Where the guest is: not in a QEMU that waits for it. */
function present(world: World, uuid: string): Place[] {
  return running(world, uuid).filter(
    ({ domain: { job, qemu } }) => job?.direction !== 'in' || qemu?.vcpus === 'running',
  );
}

function running(world: World, uuid: string): Place[] {
  return [...world.hosts.values()].flatMap((host) => {
    const domain = host.domains.get(uuid);
    return domain?.qemu?.alive === true ? [{ world, host, domain }] : [];
  });
}
