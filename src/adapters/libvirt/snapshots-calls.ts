import {
  errorCodes,
  isLibvirtError,
  snapshotCreateFlags,
  snapshotDeleteFlags,
  snapshotListFlags,
  snapshotRevertFlags,
  snapshotXmlFlags,
} from 'node-libvirt';
import type { CallOptions, Domain, DomainSnapshot } from 'node-libvirt';
import { z } from 'zod';
import { FailureError } from '../../ports/failure.ts';
import type {
  DeleteOptions,
  MergedLayer,
  OpenFile,
  RevertOptions,
  SnapshotRequest,
  Snapshots,
  SnapshotView,
} from '../../ports/snapshots.ts';
import { dropNodes, qemuOf, readNodes } from './block-nodes.ts';
import type { HostCaller } from './host-caller.ts';
import { placeInQemu } from './qemu-place.ts';
import { parseSnapshot, toSnapshotXml, withMerged, withoutClaims } from './snapshot-xml.ts';

/** libvirt's own snapshots, of one host. */
export function snapshotsCalls(caller: HostCaller): Snapshots {
  return {
    listSnapshots: async (uuid, signal) => (await caller.askDomain(uuid, signal, readAll)) ?? [],
    snapshotXml: (uuid, name, signal) =>
      caller.withDomain(uuid, signal, async (domain, options) =>
        readWhole(await domain.snapshotLookupByName(name, options), options),
      ),
    createSnapshot: (uuid, request, signal) =>
      caller.workOnDomain(uuid, signal, async (domain, options) => {
        const flags = createFlagsOf(request);
        await domain.snapshotCreateXML(toSnapshotXml(request), { ...options, flags });
      }),
    redefineSnapshot: (uuid, xml, { current }, signal) =>
      caller.withDomain(uuid, signal, (domain, options) => redefine(domain, xml, current, options)),
    clearSnapshotClaims: async (uuid, name, signal) => {
      await caller.askDomain(uuid, signal, (domain, options) => clearClaims(domain, name, options));
    },
    mendSnapshots: async (uuid, merged, signal) => {
      await caller.askDomain(uuid, signal, (domain, options) => mendAll(domain, merged, options));
    },
    findOpenFiles: (uuid, signal) => caller.askDomain(uuid, signal, readOpenFiles),
    findDiskFiles: (uuid, signal) => caller.askDomain(uuid, signal, readDiskFiles),
    dropLeftNodes: async (uuid, path, signal) =>
      (await caller.askDomain(uuid, signal, (domain, options) =>
        dropLeft(domain, path, options),
      )) ?? [],
    revertToSnapshot: (uuid, name, revert, signal) =>
      caller.workOnDomain(uuid, signal, async (domain, options) => {
        const flags = flagsOf(revert);
        const reverting = domain
          .snapshotLookupByName(name, options)
          .then((snapshot) => snapshot.revert({ ...options, flags }));
        await orRefused(caller.uri, reverting);
      }),
    deleteSnapshot: (uuid, name, deletion, signal) =>
      caller.workOnDomain(uuid, signal, async (domain, options) => {
        const flags = deleteFlagsOf(deletion);
        await nullWithoutSnapshot(
          domain
            .snapshotLookupByName(name, options)
            .then((snapshot) => snapshot.delete({ ...options, flags })),
        );
      }),
  };
}

/** The list, what is current, and each one's text: two round trips. */
async function readAll(domain: Domain, options: CallOptions): Promise<SnapshotView[]> {
  const [snapshots, current] = await Promise.all([
    domain.listAllSnapshots({ ...options, flags: snapshotListFlags.TOPOLOGICAL }),
    nullWithoutSnapshot(domain.snapshotCurrent(options)),
  ]);
  const texts = await Promise.all(
    snapshots.map((snapshot) => nullWithoutSnapshot(snapshot.getXMLDesc(options))),
  );
  const found = texts.flatMap((xml) => (xml === null ? [] : [parseSnapshot(xml)]));
  return found.map((snapshot) => ({
    ...snapshot,
    current: snapshot.name === current?.name,
    children: found.filter(({ parent }) => parent === snapshot.name).map(({ name }) => name),
  }));
}

/** With its secrets, which a redefinition without them would lose. */
function readWhole(snapshot: DomainSnapshot, options: CallOptions): Promise<string> {
  return snapshot.getXMLDesc({ ...options, flags: snapshotXmlFlags.SECURE });
}

/** Without CURRENT, what is current stays so, this one included (libvirt 9.0 and 11.3). */
async function redefine(
  domain: Domain,
  xml: string,
  current: boolean,
  options: CallOptions,
): Promise<void> {
  const { REDEFINE, CURRENT } = snapshotCreateFlags;
  const flags = REDEFINE | (current ? CURRENT : 0);
  await domain.snapshotCreateXML(xml, { ...options, flags });
}

async function clearClaims(domain: Domain, name: string, options: CallOptions): Promise<void> {
  const snapshot = await nullWithoutSnapshot(domain.snapshotLookupByName(name, options));
  if (snapshot === null) return;
  const cleared = withoutClaims(await readWhole(snapshot, options));
  if (cleared !== null) await redefine(domain, cleared, false, options);
}

async function mendAll(
  domain: Domain,
  merged: readonly MergedLayer[],
  options: CallOptions,
): Promise<void> {
  for (const snapshot of await domain.listAllSnapshots(options)) {
    const xml = await nullWithoutSnapshot(readWhole(snapshot, options));
    const mended = xml === null ? null : withMerged(xml, merged);
    if (mended !== null) await redefine(domain, mended, false, options);
  }
}

async function readOpenFiles(domain: Domain, options: CallOptions): Promise<OpenFile[] | null> {
  if (!(await domain.isActive(options))) return null;
  const all = await readNodes(qemuOf(domain, options));
  return [...new Set(all.map(({ path }) => path))].map((path) => ({
    path,
    nodes: all.filter((node) => node.path === path).map(({ name }) => name),
  }));
}

/** QEMU itself keeps what is in use: `blockdev-del` of it is refused. */
async function dropLeft(
  domain: Domain,
  path: string,
  options: CallOptions,
): Promise<readonly string[]> {
  if (!(await domain.isActive(options))) return [];
  const ask = qemuOf(domain, options);
  const readLeft = async () => (await readNodes(ask)).filter((node) => node.path === path);
  const nodes = await readLeft();
  if (nodes.length === 0) return [];
  await dropNodes(ask, nodes);
  return (await readLeft()).map(({ name }) => name);
}

const disksSchema = z.array(z.object({ inserted: z.object({ file: z.string() }).optional() }));

async function readDiskFiles(domain: Domain, options: CallOptions): Promise<string[] | null> {
  if (!(await domain.isActive(options))) return null;
  const disks = disksSchema.parse(await qemuOf(domain, options)('query-block'));
  return disks.flatMap(({ inserted }) =>
    inserted === undefined ? [] : placeInQemu(inserted.file),
  );
}

function createFlagsOf(request: SnapshotRequest): number {
  const flags = snapshotCreateFlags;
  return (
    (request.diskOnly ? flags.DISK_ONLY : 0) |
    (request.quiesce ? flags.QUIESCE : 0) |
    (request.atomic ? flags.ATOMIC : 0) |
    (request.reuseExternal ? flags.REUSE_EXT : 0) |
    (request.halt ? flags.HALT : 0) |
    (request.noMetadata ? flags.NO_METADATA : 0) |
    (request.live ? flags.LIVE : 0)
  );
}

const resumeFlags = {
  asSnapshot: 0,
  running: snapshotRevertFlags.RUNNING,
  paused: snapshotRevertFlags.PAUSED,
} as const;

function flagsOf({ force, resetNvram, resumeAs }: RevertOptions): number {
  const { FORCE, RESET_NVRAM } = snapshotRevertFlags;
  return resumeFlags[resumeAs] | (force ? FORCE : 0) | (resetNvram ? RESET_NVRAM : 0);
}

const childrenFlags = {
  keep: 0,
  withIt: snapshotDeleteFlags.CHILDREN,
  only: snapshotDeleteFlags.CHILDREN_ONLY,
} as const;

function deleteFlagsOf({ children, metadataOnly }: DeleteOptions): number {
  return childrenFlags[children] | (metadataOnly ? snapshotDeleteFlags.METADATA_ONLY : 0);
}

/** What libvirt refuses before it touches anything; before 9.9 that is any snapshot with external files. */
const revertRefusals: ReadonlyMap<number, string> = new Map([
  [errorCodes.NO_DOMAIN_SNAPSHOT, 'noSnapshot'],
  [errorCodes.SNAPSHOT_REVERT_RISKY, 'revertRisky'],
  [errorCodes.CONFIG_UNSUPPORTED, 'revertUnsupported'],
]);

async function orRefused(uri: string, reverting: Promise<void>): Promise<void> {
  try {
    await reverting;
  } catch (error) {
    if (!isLibvirtError(error, ...revertRefusals.keys())) throw error;
    const code = revertRefusals.get(error.code) ?? 'libvirtError';
    const message = `${uri}: ${error.serverMessage}`;
    const libvirt = { code: error.code, domain: error.domain };
    throw new FailureError({ code, message, effect: 'none', libvirt }, { cause: error });
  }
}

/** `null` when libvirt answers that there is no such snapshot (any more). */
async function nullWithoutSnapshot<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isLibvirtError(error, errorCodes.NO_DOMAIN_SNAPSHOT)) return null;
    throw error;
  }
}
