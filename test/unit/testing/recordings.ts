import type {
  Asked,
  DomainDetails,
  DomainPicture,
  Entry,
  HostPicture,
  Recording,
  RunEnd,
  TickRun,
  WorldPicture,
} from '../../../src/testing/index.ts';
import { judgeRecording } from '../../../src/testing/index.ts';

export const hostA = 'simulated:///hostA';
export const hostB = 'simulated:///hostB';
export const runId = 'run-1';
export const diskPath = '/images/guest.img';
export const domainUuid = 'the-domain';

export const details: DomainDetails = {
  definition: {
    memoryBytes: 2 ** 28,
    arch: 'x86_64',
    machineType: 'pc-q35-7.2',
    virtType: 'kvm',
    disks: [
      {
        targetDev: 'vda',
        device: 'disk',
        source: 'file',
        path: diskPath,
        format: 'qcow2',
        readOnly: false,
        shareable: false,
        transient: false,
        cache: 'none',
      },
    ],
    hostDevices: [],
    networks: ['default'],
    hasNvram: false,
    emulatedTpm: false,
  },
  blockJobs: [],
  managedSave: false,
  snapshotCount: 0,
  claims: [],
  devices: null,
  frozen: null,
};

/** A guest that runs, persistent and without a job, unless told otherwise. */
export function domain(other: Partial<DomainPicture> = {}): DomainPicture {
  const known = { uuid: domainUuid, name: 'guest', state: 'running', reason: 'booted' } as const;
  return { ...known, persistent: true, job: null, vcpus: null, details, ...other };
}

export function detailed(change: Partial<DomainDetails>): DomainPicture {
  return domain({ details: { ...details, ...change } });
}

export const paused = domain({ state: 'paused', reason: 'user' });
export const shutOff = domain({ state: 'shutoff', reason: 'shutdown' });
export const waiting = domain({
  state: 'paused',
  reason: 'migration',
  persistent: false,
  job: 'migrationIn',
});
/** Of somebody else. */
export const other = domain({ uuid: 'another-domain', name: 'other' });

/** What a host holds: its domains, then its volumes. `null`: it does not answer. */
export type Held = readonly [domains: readonly DomainPicture[], volumes?: readonly string[]] | null;

export function world(a: Held, b: Held, atEpochMs = 0): WorldPicture {
  return { atEpochMs, domainUuid, hosts: [hostOf(hostA, a), hostOf(hostB, b)] };
}

function hostOf(uri: string, held: Held): HostPicture {
  if (held === null) return { uri, reachable: false, message: 'no answer' };
  const [domains, volumes = []] = held;
  return { uri, reachable: true, domains, volumes };
}

export const onSource: WorldPicture = world([[domain()]], [[]]);
export const onDestination: WorldPicture = world([[]], [[domain()]]);

export const nothing: Held = [[]];
export const completed = { outcome: 'completed', after: onDestination } as const;
export const rolledBack = { outcome: 'rolledBack', after: onSource } as const;

/** What a run says of the guest's disk on that host. */
export function told(status: string, host: string, path = diskPath): RunEnd['artefacts'] {
  return [{ kind: 'volume', host, path, status }];
}

const plain: Asked = {
  source: hostA,
  destination: hostB,
  offline: false,
  keepSource: false,
  persistence: 'asBefore',
  redefines: false,
};

/** A run that was asked for something and ended. */
export interface Ending {
  readonly outcome: string;
  readonly before?: WorldPicture;
  readonly after: WorldPicture;
  readonly asked?: Partial<Asked>;
  readonly reason?: string | null;
  readonly artefacts?: RunEnd['artefacts'];
  readonly ticks?: readonly TickRun[];
}

export function recordingOf(ending: Ending): Recording {
  const { outcome, after, reason = 'a reason', artefacts = [] } = ending;
  const asked = { ...plain, ...ending.asked };
  const entries: readonly Entry[] = [
    { kind: 'asked', atEpochMs: 0, runId, asked },
    { kind: 'runFinished', atEpochMs: 1, runId, end: { outcome, reason, artefacts } },
  ];
  const ticks = ending.ticks ?? null;
  return { before: ending.before ?? onSource, entries, settlement: { after, ticks } };
}

/** What is found of one history, as `rule: what`. */
export function found(recording: Recording): string[] {
  return judgeRecording(recording).map(({ rule, found: what }) => `${rule}: ${what}`);
}

export function looked(atEpochMs: number, picture: WorldPicture): Entry {
  return { kind: 'looked', atEpochMs, picture };
}

export function entered(machine: string, state: string, ...tags: readonly string[]): Entry {
  return { kind: 'stateEntered', atEpochMs: 0, runId, machine, state, tags };
}

export function under(...entries: readonly Entry[]): Recording {
  return { before: onSource, entries, settlement: null };
}
