import { dirname, isAbsolute } from 'node:path/posix';
import { FailureError } from '../../ports/failure.ts';
import type {
  SavedDisk,
  SavedGuest,
  SavedPlace,
  SaveOptions,
  Saving,
  StartOptions,
} from '../../ports/saving.ts';
import { lastTickOn } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import { endDomain, imagesAreFree } from './domain-life.ts';
import { goOnAfter, pauseFor, workOn, writeMemory } from './domain-work.ts';
import { dropFile, fileAt, freeBytes, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { Qemu } from './qemu.ts';
import type { SavedState } from './saved-file.ts';
import { begunFile, managedPath, savedFile, savedIn } from './saved-file.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { transientDomain } from './transient-domain.ts';
import type { Domain } from './world.ts';
import { lifeOf } from './world.ts';

/** Until QEMU has ended and the daemon says so, and until one has started, as on libvirt 9.0. */
const gapsMs = { qemuEnds: 1_300, qemuStarts: 300 } as const;

/** {@link Saving} of one simulated host. */
export function savingCalls(caller: SimulatedCaller): Saving {
  const { host, world } = caller;
  const placeOf = (domain: Domain): Place => ({ world, host, domain });
  const pathOf = (place: SavedPlace): string | null => {
    if (place.kind === 'file') return place.path;
    const domain = host.domains.get(place.domainUuid);
    return domain === undefined ? null : managedPath(domain);
  };
  const find = (place: SavedPlace): SavedState | null => {
    const path = pathOf(place);
    const file = path === null ? undefined : fileAt(world, host, path);
    if (file === undefined || path === null) return null;
    return savedIn(file) ?? notASaveImage(path);
  };
  return {
    managedSave: (uuid, options, signal) =>
      caller.ask(
        'managedSave',
        signal,
        () => {
          const domain = caller.domain(uuid);
          if (!domain.persistent)
            throw libvirtError('operationInvalid', 'cannot do managed save for transient domain');
          return save(placeOf(domain), managedPath(domain), options);
        },
        'unknown',
      ),
    saveTo: async (uuid, path, options, signal) => {
      requireAbsolute(path);
      const work = () => save(placeOf(caller.domain(uuid)), path, options);
      await caller.ask('saveTo', signal, work, 'unknown');
    },
    restoreFrom: async (path, { resumeAs }, signal) => {
      requireAbsolute(path);
      const work = (): Promise<void> => {
        const state = find({ kind: 'file', path }) ?? noSuchFile(path);
        const runs = resumeAs === 'asBefore' ? state.runs : resumeAs === 'running';
        return restore(placeOf(domainFor(caller, state)), { ...state, runs });
      };
      await caller.ask('restoreFrom', signal, work, 'unknown');
    },
    start: (uuid, options, signal) =>
      caller.ask('start', signal, () => start(placeOf(caller.domain(uuid)), options), 'unknown'),
    // They lie in the file alone here.
    forgetNotes: (_, signal) => caller.ask('forgetNotes', signal, () => undefined),
    removeManagedSave: (uuid, signal) =>
      caller.ask('removeManagedSave', signal, () => {
        const path = pathOf({ kind: 'managed', domainUuid: uuid });
        if (path !== null) dropFile(world, host, path);
      }),
    findSaved: (place, signal) =>
      caller.ask('findSaved', signal, () => {
        const state = find(place);
        return state === null ? null : viewOf(state);
      }),
    noteSaved: (place, disks, signal) =>
      caller.ask('noteSaved', signal, () => {
        const path = pathOf(place) ?? '';
        const state = find(place) ?? noSuchFile(path);
        putFile(world, host, path, savedFile(withNotes(state, disks)));
      }),
  };
}

/** virDomainSave and its kin: failed, the guest goes on as it was, and half a file is taken away. */
async function save(place: Place, path: string, { resumeAs }: SaveOptions): Promise<void> {
  const { world, host, domain } = place;
  const { qemu } = domain;
  if (qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  const isAlive = lifeOf(host);
  await workOn(place, 'save', async (work) => {
    pauseFor(place, work, 'save');
    const before = fileAt(world, host, path);
    const free = freeBytes(world, host, dirname(path));
    try {
      if (free === null && path !== managedPath(domain))
        throw libvirtError('systemError', `Failed to create file '${path}': No such directory`);
      putFile(world, host, path, begunFile());
      await writeMemory(place, work, qemu, free);
      const { definition, uuid, name } = domain;
      world.tell(host, uuid, { kind: 'jobCompleted' });
      const runs = resumeAs === 'asBefore' ? work.guestRan : resumeAs === 'running';
      const state = { uuid, name, definition, memory: qemu.memory, runs, noted: null };
      putFile(world, host, path, savedFile(state));
    } catch (error) {
      if (isAlive()) {
        // What stood there before is lost, but only what the daemon itself has made does it remove.
        if (before === undefined) dropFile(world, host, path);
        goOnAfter(place, work);
        if (work.guestRan && domain.state === 'running') domain.reason = 'saveCanceled';
      }
      throw error;
    }
    await world.pass(gapsMs.qemuEnds, isAlive);
    endDomain(place, 'saved');
  });
}

/** virDomainCreateWithFlags: an image that was not written to its end is thrown away, as by libvirt. */
async function start(place: Place, options: StartOptions): Promise<void> {
  const { world, host, domain } = place;
  if (domain.qemu !== null) return;
  const path = managedPath(domain);
  const file = fileAt(world, host, path);
  const state = file === undefined || options.forceBoot ? null : savedIn(file);
  if (state !== null) {
    await restore(place, state, options);
    dropFile(world, host, path);
    return;
  }
  dropFile(world, host, path);
  await workOn(place, 'start', async () => {
    requireInactive(domain);
    await world.pass(gapsMs.qemuStarts, lifeOf(host));
    const qemu = newQemu(place);
    qemu.boot(lastTickOn(place, domain.definition.disks[0]?.path ?? ''));
    setGoing(place, qemu, { runs: !options.paused, how: 'booted', stands: 'paused' });
  });
}

async function restore(
  place: Place,
  state: SavedState,
  { paused }: Pick<StartOptions, 'paused'> = { paused: false },
): Promise<void> {
  const { world, host, domain } = place;
  requireInactive(domain);
  await workOn(place, 'restore', async () => {
    requireInactive(domain);
    await world.pass(gapsMs.qemuStarts, lifeOf(host));
    const { claims } = domain.definition;
    domain.definition = { ...state.definition, claims };
    const qemu = newQemu(place);
    qemu.load(state.memory);
    const stands = paused ? 'paused' : 'restored';
    setGoing(place, qemu, { runs: state.runs && !paused, how: 'restored', stands });
  });
}

/** Asked when the job is had, too: whoever had it before may have started the domain. */
function requireInactive({ name, qemu }: Domain): void {
  if (qemu !== null) throw libvirtError('operationInvalid', `domain '${name}' is already active`);
}

function newQemu(place: Place): Qemu {
  const { world, host, domain } = place;
  if (!imagesAreFree(place))
    throw libvirtError('internalError', 'Failed to get "write" lock: is another process using it?');
  const qemu = new Qemu(world, host, domain.uuid, { images: 'held' });
  domain.qemu = qemu;
  return qemu;
}

function setGoing(
  { world, host, domain }: Place,
  qemu: Qemu,
  {
    runs,
    how,
    stands,
  }: {
    readonly runs: boolean;
    readonly how: 'booted' | 'restored';
    /** Why, where it does not run: that was asked for, or it was saved so. */
    readonly stands: 'paused' | 'restored';
  },
): void {
  if (runs) qemu.run();
  domain.state = runs ? 'running' : 'paused';
  domain.reason = runs ? how : 'migration';
  world.tell(host, domain.uuid, { kind: 'started', detail: how });
  // Of a guest that boots libvirt tells no more than that.
  if (how === 'restored')
    world.tell(
      host,
      domain.uuid,
      runs ? { kind: 'resumed', detail: 'fromSnapshot' } : { kind: 'suspended', detail: stands },
    );
  world.changed();
}

/** A domain that nobody has defined is there for as long as it runs. */
function domainFor({ host }: SimulatedCaller, { uuid, name, definition }: SavedState): Domain {
  const known = host.domains.get(uuid);
  if (known !== undefined) return known;
  const domain = transientDomain({ uuid, name, definition: { ...definition, claims: [] } });
  host.domains.set(uuid, domain);
  return domain;
}

function viewOf({ uuid, name, definition, noted }: SavedState): SavedGuest {
  return {
    domainUuid: uuid,
    domainName: name,
    disks: definition.disks
      .filter(({ readOnly }) => !readOnly)
      .map(({ targetDev, path }) => ({ targetDev, path })),
    noted,
  };
}

function withNotes(state: SavedState, noted: readonly SavedDisk[]): SavedState {
  return { ...state, definition: { ...state.definition, claims: [] }, noted };
}

function notASaveImage(path: string): never {
  const message = `${path} is not the whole memory of a guest`;
  throw new FailureError({ code: 'notASaveImage', message, effect: 'none' });
}

function noSuchFile(path: string): never {
  throw new FailureError({ code: 'noSuchFile', message: `${path} is not there`, effect: 'none' });
}

function requireAbsolute(path: string): void {
  if (isAbsolute(path)) return;
  const message = `${path}: the file must be named from the root of the host's file system`;
  throw new FailureError({ code: 'invalidArgument', message, effect: 'none' });
}
