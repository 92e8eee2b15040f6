import type { Hypervisors } from '../ports/hypervisor.ts';
import type { Log } from '../ports/log.ts';
import { toFailure } from '../ports/failure.ts';
import { compose, openStore } from './compose.ts';
import type { Scene, SceneName, Stage } from './demo-stage.ts';
import { plainMigration } from './demo-stage.ts';
import type { RunEvent } from './display/run-events.ts';
import type { LabClient, LabGuestPlace, LabHostPlace } from './lab-client.ts';
import { LabClientError } from './lab-client.ts';

/** Slow enough that there is time to be hit in PERFORM3, fast enough to watch. */
const bandwidthMibPerS = { converges: 64, failsInPerform: 8 } as const;

/** Two real libvirt daemons on this machine, and real guests. */
export async function labStage(lab: LabClient, { log, place }: Records): Promise<Stage> {
  const [source, destination] = await lab.hosts();
  if (source === undefined || destination === undefined)
    throw new LabClientError('the lab has fewer than two hosts');
  return {
    kind: 'lab',
    words: 'on two real libvirt daemons of the lab, because it is up',
    prepare: (name) => prepareScene({ lab, log, place, source, destination }, name),
  };
}

/** What is told of the demonstration, and where its runs stand: they move real guests. */
interface Records {
  readonly log: Log;
  readonly place: string;
}

interface Backdrop extends Records {
  readonly lab: LabClient;
  readonly source: LabHostPlace;
  readonly destination: LabHostPlace;
}

async function prepareScene(backdrop: Backdrop, name: SceneName): Promise<Scene> {
  const { lab, log, place, source, destination } = backdrop;
  const composition = compose({ log, store: await openStore(place) });
  // The lab never forgets a name, so each guest has a new one.
  const guest = await lab.makeGuest(`demo-${Date.now().toString(36)}`, source.name);
  let incident = Promise.resolve();
  return {
    composition,
    input: plainMigration({
      domain: guest.name,
      source: source.uri,
      destination: destination.uri,
      destinationConnectUri: destination.tcp,
      bandwidthMibPerS: bandwidthMibPerS[name],
    }),
    onEvent: (event) => {
      if (name === 'failsInPerform' && isPrecopying(event))
        incident = strike(lab, destination.name);
    },
    end: async () => {
      await incident;
      await removeGuest(composition.hypervisors, [source, destination], guest, log);
      await composition.close();
    },
  };
}

function isPrecopying(event: RunEvent): boolean {
  return event.type === 'state.entered' && event.state === 'perform3.precopying';
}

/** The migration fails as soon as the connection is gone; the rollback waits for the new daemon. */
async function strike(lab: LabClient, hostName: string): Promise<void> {
  await lab.killDaemon(hostName);
  await lab.startDaemon(hostName);
}

async function removeGuest(
  hypervisors: Hypervisors,
  hosts: readonly LabHostPlace[],
  guest: LabGuestPlace,
  log: Log,
): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  for (const { uri } of hosts)
    try {
      const host = await hypervisors.open(uri, signal);
      await host.destroy(guest.uuid, signal);
      await host.undefine(guest.uuid, signal);
      await host.deleteVolume(guest.disk, signal);
    } catch (error) {
      log.warn('the guest of the demonstration could not be removed', {
        guest: guest.name,
        reason: toFailure(error).message,
      });
    }
}
