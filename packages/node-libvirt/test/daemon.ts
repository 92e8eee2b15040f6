import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';
import { describe } from 'vitest';
import {
  open,
  undefineFlags,
  type Connection,
  type DomainEventKind,
  type DomainEvents,
} from '../src/index.ts';

const run = promisify(execFile);

/** A qemu daemon of the machine's own to test against, such as `qemu+unix:///system?socket=...`; null without one. */
export function daemonUri(): string | null {
  return process.env['VIRTSTATE_TEST_URI'] ?? null;
}

/** A second daemon that the first can migrate to; null without one. */
export function peerUri(): string | null {
  return process.env['VIRTSTATE_TEST_PEER_URI'] ?? null;
}

/** A suite that needs a real daemon; without one it is skipped, and its name says why. */
export function describeDaemon(name: string, suite: (uri: string) => void): void {
  const uri = daemonUri();
  if (uri === null) {
    describe.skip(`${name} (skipped: VIRTSTATE_TEST_URI names no libvirt daemon)`, () => suite(''));
  } else {
    describe(name, () => suite(uri));
  }
}

/** A suite that needs two real daemons, the first of which can migrate to the second. */
export function describePair(name: string, suite: (from: string, to: string) => void): void {
  const [from, to] = [daemonUri(), peerUri()];
  if (from === null || to === null) {
    const why = 'VIRTSTATE_TEST_URI and VIRTSTATE_TEST_PEER_URI name none';
    describe.skip(`${name} (skipped: ${why})`, () => suite('', ''));
  } else {
    describe(name, () => suite(from, to));
  }
}

/** libvirt's test driver, served by the same daemon: a made-up host with a domain, a pool and a network. */
export function openTestDriver(uri: string): Promise<Connection> {
  return open(uri.replace(/^qemu(\+[a-z]+:\/\/[^/]*)\/system/, 'test$1/default'));
}

let guests = 0;

/** A name that no other test uses, nor an earlier run of this one. */
export function uniqueName(): string {
  guests += 1;
  return `nlv-test-${process.pid}-${guests}-${Date.now().toString(36)}`;
}

/** Nothing but SeaBIOS under TCG: no disk, no network, running within half a second. */
export function disklessGuest(name: string, devices = ''): string {
  return `<domain type='qemu'>
    <name>${name}</name>
    <memory unit='MiB'>32</memory>
    <vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type></os>
    <features><acpi/></features>
    <devices>${devices}</devices>
  </domain>`;
}

/** A `<disk>` with an image of its own. */
export function disk(target: string, path: string, format: 'qcow2' | 'raw'): string {
  return `<disk type='file' device='disk'>
    <driver name='qemu' type='${format}'/><source file='${path}'/><target dev='${target}' bus='virtio'/>
  </disk>`;
}

/** Makes an image that holds nothing. */
export async function makeImage(path: string, format: 'qcow2' | 'raw', size = '4M'): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', format, path, size]);
}

/** Ends and forgets whatever carries that name; fine when nothing does. */
export async function removeGuest(connection: Connection, name: string): Promise<void> {
  for (const domain of await connection.listAllDomains()) {
    if (domain.name !== name) continue;
    const wasPersistent = await domain.isPersistent();
    if (await domain.isActive()) await domain.destroy();
    const flags = undefineFlags.MANAGED_SAVE | undefineFlags.SNAPSHOTS_METADATA;
    if (wasPersistent) await domain.undefine({ flags });
  }
}

/** Collects what is emitted until enough has come. */
export class EventLog {
  readonly events: Readonly<Record<string, unknown>>[] = [];
  #changed = Promise.withResolvers<void>();

  /** Of one domain, where a name is given: other suites use the same daemon. */
  constructor(connection: Connection, kind: DomainEventKind, name: string | null = null) {
    connection.on(kind, (event: DomainEvents[DomainEventKind]) => {
      if (name !== null && event.domain.name !== name) return;
      this.events.push({ ...event });
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  /** Waits, as long as the test may, for an event with these fields. */
  async until(
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = this.events.find((event) =>
        Object.entries(fields).every(([name, value]) => isDeepStrictEqual(event[name], value)),
      );
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }
}
