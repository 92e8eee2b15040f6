import type { DiskView, DomainJob, DomainReason, DomainState } from '../ports/domain.ts';

/** What a definition says, as far as a read of the port shows it; sizes in bytes. */
export interface DefinitionPicture {
  readonly memoryBytes: number;
  readonly arch: string;
  readonly machineType: string;
  readonly virtType: string;
  readonly disks: readonly Pick<
    DiskView,
    | 'targetDev'
    | 'device'
    | 'source'
    | 'path'
    | 'format'
    | 'readOnly'
    | 'shareable'
    | 'transient'
    | 'cache'
  >[];
  readonly hostDevices: readonly string[];
  readonly networks: readonly string[];
  readonly hasNvram: boolean;
  readonly emulatedTpm: boolean;
}

/** A device that can be taken out of a running domain. */
export interface DevicePicture {
  /** Another one each time the domain is started. */
  readonly alias: string;
  /** Where it is in the guest; what stays the same. */
  readonly place: string;
}

/** What only a full look shows. */
export interface DomainDetails {
  readonly definition: DefinitionPicture;
  /** `<target dev>` of each disk on which a block job runs. */
  readonly blockJobs: readonly string[];
  readonly managedSave: boolean;
  readonly snapshotCount: number;
  /** Runs that claim it. */
  readonly claims: readonly string[];
  /** `null`: nobody looked for them, or it does not run. */
  readonly devices: readonly DevicePicture[] | null;
  /** Its file systems are at rest; `null`: nobody asked its agent, or it did not say. */
  readonly frozen: boolean | null;
}

/** One domain on one host. */
export interface DomainPicture {
  readonly uuid: string;
  readonly name: string;
  readonly state: DomainState;
  readonly reason: DomainReason;
  readonly persistent: boolean;
  readonly job: DomainJob['operation'] | null;
  /** What its vCPUs really do; `null`: nobody can tell, its daemon's word has to do. */
  readonly vcpus: 'running' | 'paused' | 'none' | null;
  /** `null`: this was but a glance. */
  readonly details: DomainDetails | null;
}

export type HostPicture = { readonly uri: string } & (
  | { readonly reachable: false; readonly message: string }
  | {
      readonly reachable: true;
      readonly domains: readonly DomainPicture[];
      /** Paths in play at which a volume stands; empty in a glance. */
      readonly volumes: readonly string[];
    }
);

export type SeenHost = Extract<HostPicture, { readonly reachable: true }>;

/** What all hosts showed, read one beside the other. */
export interface WorldPicture {
  readonly atEpochMs: number;
  /** The domain that this is about. */
  readonly domainUuid: string;
  readonly hosts: readonly HostPicture[];
}

/** The domain on one host. */
export interface Holder extends DomainPicture {
  readonly uri: string;
}

export function seenHosts({ hosts }: WorldPicture): SeenHost[] {
  return hosts.filter((host) => host.reachable);
}

export function seenHost(picture: WorldPicture, uri: string): SeenHost | null {
  return seenHosts(picture).find((host) => host.uri === uri) ?? null;
}

export function isWholeWorldSeen({ hosts }: WorldPicture): boolean {
  return hosts.every(({ reachable }) => reachable);
}

/** The domain wherever a host knows it. */
export function holdersOf(picture: WorldPicture): Holder[] {
  return seenHosts(picture).flatMap(({ uri, domains }) =>
    domains.filter(({ uuid }) => uuid === picture.domainUuid).map((domain) => ({ ...domain, uri })),
  );
}

export function holderOn(picture: WorldPicture, uri: string): Holder | null {
  return holdersOf(picture).find((holder) => holder.uri === uri) ?? null;
}

export function isRunning({ state, vcpus }: DomainPicture): boolean {
  return vcpus === null ? state === 'running' : vcpus === 'running';
}

export function isActive({ state }: Pick<DomainPicture, 'state'>): boolean {
  return state !== 'shutoff' && state !== 'crashed' && state !== 'nostate';
}

/** Its QEMU waits for a guest, or has just been started for one. */
export function isIncoming({ state, reason, job }: DomainPicture): boolean {
  return state === 'paused' && (job === 'migrationIn' || reason === 'startingUp');
}

export function describeHolder({ uri, state, reason, persistent, job }: Holder): string {
  const kept = persistent ? 'persistent' : 'transient';
  return [`${uri}: ${state} (${reason})`, kept, ...(job === null ? [] : [job])].join(', ');
}

/** Where it is, for a person. */
export function describeHolders(picture: WorldPicture): string {
  const held = holdersOf(picture).map(describeHolder);
  return held.length === 0 ? 'no host knows it' : held.join('; ');
}
