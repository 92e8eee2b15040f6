import type { BlockJobs } from './block-jobs.ts';
import type { Claim, StandingClaim } from './claim.ts';
import type { Definitions } from './definitions.ts';
import type { Devices } from './devices.ts';
import type { DiskSources } from './disk-sources.ts';
import type { DomainStatus, DomainView, HostSurvey, HostView } from './domain.ts';
import type { Failure } from './failure.ts';
import type { HostImages } from './images.ts';
import type { GuestAgent } from './guest-agent.ts';
import type {
  IncomingView,
  MigrateCall,
  MigrationEnds,
  MigrationLink,
  MigrationOptions,
  Reachability,
  VolumeView,
} from './migration.ts';
import type { DomainObservation, StreamProgress } from './observation.ts';
import type { Saving } from './saving.ts';
import type { Snapshots } from './snapshots.ts';

/**
 * One host. Every method throws {@link FailureError} only; a call whose reply was lost has
 * `effect: 'unknown'`. Nothing is remembered between calls, so that any process may ask.
 */
export interface Hypervisor
  extends
    HypervisorCore,
    BlockJobs,
    Definitions,
    Devices,
    DiskSources,
    GuestAgent,
    HostImages,
    Saving,
    Snapshots {}

/** What every workflow asks, and what a migration does. */
export interface HypervisorCore {
  readonly uri: string;

  /** @throws hostUnreachable */
  inspectHost(signal: AbortSignal): Promise<HostView>;

  /** What a person wants to know of a host beforehand; changes nothing. */
  surveyHost(signal: AbortSignal): Promise<HostSurvey>;

  /** Names of all its domains, whatever their state. */
  listDomains(signal: AbortSignal): Promise<readonly string[]>;

  /** By name or uuid; `null` when the host knows no such domain. */
  findDomain(nameOrUuid: string, signal: AbortSignal): Promise<DomainView | null>;

  /** The cheap form of {@link findDomain}: state, reason, persistence and job. */
  findStatus(uuid: string, signal: AbortSignal): Promise<DomainStatus | null>;

  /** The state alone, whose answer waits for no job of the domain's. */
  findState(uuid: string, signal: AbortSignal): Promise<DomainStatus['state'] | null>;

  /** The destination's view of a domain that wants to come from `source`. */
  assessIncoming(
    request: {
      readonly domain: DomainView;
      readonly domainXml: string;
      readonly options: MigrationOptions;
      readonly copyDisks: readonly string[];
      /** Disks that are not copied, and are to be looked for there. */
      readonly stayingDisks: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<IncomingView>;

  /** The domain's migratable definition without its secrets (virDomainGetXMLDesc MIGRATABLE). */
  domainXml(uuid: string, signal: AbortSignal): Promise<string>;

  /** Can *this host's daemon* open that connection URI? (The daemon opens it, not we.) */
  probeFrom(uri: string, signal: AbortSignal): Promise<Reachability>;

  /** libvirt's own checks: its Begin phase without change protection, which starts no job. */
  judgeMigration(call: MigrateCall, signal: AbortSignal): Promise<Failure | null>;

  /**
   * virDomainMigrateToURI3 with PEER2PEER: resolves when the daemon says that the domain runs on
   * the destination and is gone here. With the purpose `resumePostcopy` it goes on with a post-copy
   * whose stream broke (POSTCOPY_RESUME).
   */
  migrate(call: MigrateCall, signal: AbortSignal): Promise<void>;

  /** virDomainAbortJob; `noJob` when there is none to abort. Refused once post-copy has begun. */
  abortJob(uuid: string, signal: AbortSignal): Promise<'aborted' | 'noJob'>;

  setMigrationMaxDowntime(uuid: string, downtimeMs: number, signal: AbortSignal): Promise<void>;
  /** virDomainMigrateSetMaxSpeed; MiB/s, 0: unlimited. */
  setMigrationBandwidth(uuid: string, mibPerS: number, signal: AbortSignal): Promise<void>;
  /** virDomainMigrateStartPostCopy, of a migration that was started with POSTCOPY. */
  startPostcopy(uuid: string, signal: AbortSignal): Promise<void>;

  /** virDomainSuspend; nothing to do for a paused domain. */
  suspend(uuid: string, signal: AbortSignal): Promise<void>;
  /** virDomainResume; nothing to do for a running domain. */
  resume(uuid: string, signal: AbortSignal): Promise<void>;
  /** virDomainDestroy; nothing to do for an inactive or absent domain. */
  destroy(uuid: string, signal: AbortSignal): Promise<void>;

  /** Makes a running domain persistent with the definition it has now. */
  persist(uuid: string, signal: AbortSignal): Promise<void>;
  /** Removes the definition, NVRAM and TPM state kept; nothing to do where there is none. */
  undefine(uuid: string, signal: AbortSignal): Promise<void>;

  /**
   * Takes away what an offline migration that was given up after Prepare leaves on its destination:
   * a domain that is shut off and has no definition, which libvirt itself neither forgets nor lets
   * anybody remove. Nothing to do for any other domain.
   */
  forgetHalfMoved(uuid: string, signal: AbortSignal): Promise<void>;

  /**
   * Puts the claim on the domain, on what runs and on its definition (virDomainSetMetadata), and reads
   * only then who else claims it. libvirt has no compare-and-set: of two that come at the same moment
   * at least one sees the other. Whoever is told of others has not got the domain, and has to take its
   * own claim away again; whoever does not find its own has come as another one left. Refused while the
   * domain has a job, as a migration is.
   *
   * @returns the claims of others
   * @throws FailureError, after which the claim may stand there: `noDomain`, `jobActive`,
   *   `invalidArgument`, `claimLost`
   */
  claimDomain(uuid: string, claim: Claim, signal: AbortSignal): Promise<readonly StandingClaim[]>;
  /** Takes that run's claim away; nothing to do where there is none, or no such domain. */
  releaseClaim(uuid: string, run: string, signal: AbortSignal): Promise<void>;
  /** All claims, of what runs and of its definition; none where there is no such domain. */
  findClaims(uuid: string, signal: AbortSignal): Promise<readonly StandingClaim[]>;

  /** The volume at that path of this host's pools, after a refresh of the pool. */
  findVolume(path: string, signal: AbortSignal): Promise<VolumeView | null>;
  /**
   * Uuids of all domains of this host, running or not, whose definition names that path, or that place
   * of an image on a network (`placeOf`), for a disk.
   */
  findDiskUsers(path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The same for files that lie in that directory, not in one below it. */
  findDirectoryUsers(directory: string, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * An empty raw volume of that many bytes, in the active pool that owns the path.
   *
   * @throws volumeExists, noPool
   */
  createVolume(path: string, fileBytes: number, signal: AbortSignal): Promise<void>;
  /** virStorageVolDownload: the bytes of the file as they are. */
  readVolume(path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** virStorageVolUpload: replaces the bytes of the file; resolves when the daemon has all. */
  writeVolume(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    fileBytes: number,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Nothing to do where there is no such volume.
   *
   * @throws volumeInUse: another volume of this host's pools is a layer over it
   */
  deleteVolume(path: string, signal: AbortSignal): Promise<void>;

  /**
   * Tells what happens to the domain until the signal is aborted: subscribes first, then reads the
   * present state and tells it. A lost connection is told, not thrown, and is taken up again.
   */
  watchDomain(request: WatchRequest, signal: AbortSignal): Promise<void>;
}

export interface WatchRequest {
  readonly uuid: string;
  /** `alone`: what is done with the domain stays on this host, so nothing of a migration is asked for. */
  readonly role: 'source' | 'destination' | 'alone';
  /** Nobody watched for a while: told as a connection that was regained, and absence is news, too. */
  readonly resumed?: boolean;
  readonly observe: (observation: DomainObservation) => void;
  readonly progress: (streams: readonly StreamProgress[]) => void;
}

/** Opens hosts by connection URI and keeps them warm. */
export interface Hypervisors {
  /** @throws hostUnreachable, invalidUri, unsupportedAuth: each names the URI */
  open(uri: string, signal: AbortSignal): Promise<Hypervisor>;
  /** Two new connections for one migration that we drive. @throws as {@link open} */
  linkMigration(ends: MigrationEnds, signal: AbortSignal): Promise<MigrationLink>;
  close(): Promise<void>;
}
