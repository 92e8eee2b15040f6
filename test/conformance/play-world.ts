import type { Clock } from '../../src/ports/clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import type { Deed, HostName } from './script.ts';

/** A process of ours, and the connections that end with it. */
export interface OwnProcess {
  readonly hypervisors: Hypervisors;
  die(): Promise<void>;
}

/** What a deed is when nobody but the world itself can do it. */
export type WorldDeed = Exclude<
  Deed,
  {
    readonly do:
      'destroy' | 'pass' | 'removeFile' | 'resume' | 'send' | 'suspend' | 'undefine' | 'untilJob';
  }
>;

/** Where a script is played: real hosts, or simulated ones. */
export interface PlayWorld {
  readonly clock: Clock;
  /** What a deed waits for beforehand: where time stands still meanwhile, nothing would come before it. */
  readonly handMs: number;
  readonly guest: { readonly name: string; readonly uuid: string };
  /** How we reach a host. */
  uri(host: HostName): string;
  /** How hostA's daemon reaches hostB's. */
  readonly connectUri: string;
  /** Of whoever looks on; they outlive the processes that are played. */
  readonly looking: Hypervisors;
  openProcess(): OwnProcess;
  act(deed: WorldDeed): Promise<void>;
  /** Every file in the directories of disks, images and memories, and of shared disks. */
  files(host: HostName): Promise<readonly string[]>;
  /** A QEMU of the guest's is there, whatever the daemon knows. */
  hasQemu(host: HostName): Promise<boolean>;
  /** A path as scripts and records have it. */
  told(path: string): string;
}

/** Where disks are, as their host sees it; the pool `images`. */
export const diskDirectory = '/var/lib/libvirt/images';
/** Where images of snapshots go. */
export const imageDirectory = '/var/lib/libvirt/snapshots';
/** Where libvirt puts memories by itself. */
export const memoryDirectory = '/var/lib/libvirt/qemu/save';
/** Disks that every host sees. */
export const sharedDirectory = '/shared';
export const directories = [diskDirectory, imageDirectory, memoryDirectory];
