import { constants } from 'node:os';
import { isAbsolute } from 'node:path/posix';
import {
  createFlags,
  errorCodes,
  isLibvirtError,
  isOperationInvalid,
  modificationImpact,
  saveImageXmlFlags,
  saveRestoreFlags,
  xmlFlags,
} from 'node-libvirt';
import type { CallOptions, Connection, Domain } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';
import type {
  RestoreOptions,
  ResumeAs,
  SavedPlace,
  SaveFileOptions,
  SaveOptions,
  Saving,
  StartOptions,
} from '../../ports/saving.ts';
import { lookUpByUuid } from './domain-reads.ts';
import type { HostCaller } from './host-caller.ts';
import { notesNamespace, parseSaved, withNotes, withoutTraces } from './saving-xml.ts';

/** {@link Saving} of one libvirt daemon. */
export function savingCalls(caller: HostCaller): Saving {
  return {
    managedSave: (uuid, request, signal) =>
      caller.workOnDomain(uuid, signal, (domain, options) =>
        domain.managedSave({ ...options, flags: saveFlagsOf(request) }),
      ),
    saveTo: async (uuid, path, request, signal) => {
      requireAbsolute(path);
      await caller.workOnDomain(uuid, signal, (domain, options) =>
        saveTo(domain, path, request, options),
      );
    },
    restoreFrom: async (path, request, signal) => {
      requireAbsolute(path);
      await caller.work(signal, (connection, options) =>
        restoreFrom(connection, path, request, options),
      );
    },
    start: (uuid, request, signal) =>
      caller.workOnDomain(uuid, signal, (domain, options) => start(domain, request, options)),
    forgetNotes: async (uuid, signal) => {
      await caller.askDomain(uuid, signal, forgetNotes);
    },
    removeManagedSave: async (uuid, signal) => {
      await caller.askDomain(uuid, signal, removeManagedSave);
    },
    findSaved: (place, signal) =>
      caller.ask(signal, async (connection, options) => {
        const xml = await readSaved(connection, place, 0, options);
        return xml === null ? null : parseSaved(xml);
      }),
    noteSaved: (place, disks, signal) =>
      caller.ask(signal, async (connection, options) => {
        const xml = await readSaved(connection, place, saveImageXmlFlags.SECURE, options);
        if (xml === null) throw noSuchFile(place);
        await writeSaved(connection, place, withNotes(xml, disks), options);
      }),
  };
}

/** `asBefore`: what libvirt finds out by itself. */
const resumeFlags: Readonly<Record<ResumeAs, number>> = {
  asBefore: 0,
  running: saveRestoreFlags.RUNNING,
  paused: saveRestoreFlags.PAUSED,
};

function saveFlagsOf({ bypassCache, resumeAs }: SaveOptions): number {
  return resumeFlags[resumeAs] | (bypassCache ? saveRestoreFlags.BYPASS_CACHE : 0);
}

async function saveTo(
  domain: Domain,
  path: string,
  request: SaveFileOptions,
  options: CallOptions,
): Promise<void> {
  await domain.save(path, {
    ...options,
    flags: saveFlagsOf(request),
    xml: request.xml ?? undefined,
  });
}

/** In the file are the claims of the time of the save: whoever made them is long done. */
async function restoreFrom(
  connection: Connection,
  path: string,
  request: RestoreOptions,
  options: CallOptions,
): Promise<void> {
  const place = { kind: 'file', path } as const;
  const saved = await readSaved(connection, place, saveImageXmlFlags.SECURE, options);
  if (saved === null) throw noSuchFile(place);
  const xml = request.xml ?? saved;
  const flags = saveFlagsOf(request) | (request.resetNvram ? saveRestoreFlags.RESET_NVRAM : 0);
  await connection.domainRestoreFlags(path, { ...options, flags, xml: withoutTraces(xml) });
}

async function start(domain: Domain, request: StartOptions, options: CallOptions): Promise<void> {
  if (await domain.isActive(options)) return;
  const flags =
    (request.paused ? createFlags.PAUSED : 0) |
    (request.bypassCache ? createFlags.BYPASS_CACHE : 0) |
    (request.forceBoot ? createFlags.FORCE_BOOT : 0);
  await domain.create({ ...options, flags });
}

async function forgetNotes(domain: Domain, options: CallOptions): Promise<void> {
  if (!(await domain.isActive(options))) return;
  const xml = await domain.getXMLDesc({ ...options, flags: xmlFlags.SECURE });
  if (parseSaved(xml).noted === null) return;
  const live = { uri: notesNamespace, flags: modificationImpact.LIVE };
  await domain.setMetadata('element', null, { ...options, ...live });
}

/** libvirt fails where the file is gone, and keeps telling of an image that somebody has removed. */
async function removeManagedSave(domain: Domain, options: CallOptions): Promise<void> {
  try {
    await domain.managedSaveRemove(options);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** `null`: nothing is there. @throws FailureError notASaveImage */
async function readSaved(
  connection: Connection,
  place: SavedPlace,
  flags: number,
  options: CallOptions,
): Promise<string | null> {
  try {
    if (place.kind === 'file')
      return await connection.domainSaveImageGetXMLDesc(place.path, { ...options, flags });
    const domain = await lookUpByUuid(connection, place.domainUuid, options);
    return domain && (await domain.managedSaveGetXMLDesc({ ...options, flags }));
  } catch (error) {
    if (isMissing(error)) return null;
    if (place.kind === 'managed' && isOperationInvalid(error)) return null;
    if (!isLibvirtError(error, errorCodes.OPERATION_FAILED)) throw error;
    const message = `${describe(place)} is not the whole memory of a guest: ${error.serverMessage}`;
    const libvirt = { code: error.code, domain: error.domain };
    throw new FailureError({ code: 'notASaveImage', message, effect: 'none', libvirt });
  }
}

/** Without a flag it stays as it was whether the guest is to run. */
async function writeSaved(
  connection: Connection,
  place: SavedPlace,
  xml: string,
  options: CallOptions,
): Promise<void> {
  if (place.kind === 'file') return connection.domainSaveImageDefineXML(place.path, xml, options);
  const domain = await connection.domainLookupByUUID(place.domainUuid, options);
  await domain.managedSaveDefineXML(xml, options);
}

function isMissing(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.SYSTEM_ERROR) && error.int1 === constants.errno.ENOENT;
}

function describe(place: SavedPlace): string {
  return place.kind === 'file' ? place.path : 'the managed save image';
}

function noSuchFile(place: SavedPlace): FailureError {
  const message = `${describe(place)} is not there`;
  return new FailureError({ code: 'noSuchFile', message, effect: 'none' });
}

/** The daemon has a working directory that nobody knows. */
function requireAbsolute(path: string): void {
  if (isAbsolute(path)) return;
  const message = `${path}: the file must be named from the root of the host's file system`;
  throw new FailureError({ code: 'invalidArgument', message, effect: 'none' });
}
