import type { Failure } from '../../../src/ports/failure.ts';
import type { ResumeAs, SavedDisk, SavedGuest, SavedPlace } from '../../../src/ports/saving.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { DomainLook } from '../one-host/domain-look.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';
import { foundDomain, nothingYet, resultOf } from '../one-host/one-host.ts';
import { isActive } from '../peers.ts';

/** `save` and `start` speak of the domain's managed save image, `saveTo` and `restore` of a file. */
export type SavingAction = 'save' | 'saveTo' | 'start' | 'restore' | 'removeManagedSave';

export interface SavingOptions {
  /** Past the host's page cache. */
  readonly bypassCache: boolean;
  /** How the guest is to stand when it goes on. */
  readonly resumeAs: ResumeAs;
  /** The definition to go on with, which the guest must not notice. */
  readonly xml: string | null;
  /** Only to restore: the firmware's settings begin anew. */
  readonly resetNvram: boolean;
  /** Only to start: a saved memory is thrown away, and the guest boots. */
  readonly forceBoot: boolean;
}

export const savingOptions: SavingOptions = {
  bypassCache: false,
  resumeAs: 'asBefore',
  xml: null,
  resetNvram: false,
  forceBoot: false,
};

export interface ManagedSaveInput extends OneHostInput {
  readonly action: SavingAction;
  /** From the root of the host's file system; `null` where libvirt knows the file. */
  readonly file: string | null;
  readonly options: SavingOptions;
  /** Goes on with a memory that no longer fits its disks, replaces one that is left over, risks the space. */
  readonly force: boolean;
}

export function managedSaveInput(
  request: Pick<ManagedSaveInput, 'domain' | 'host' | 'action'> &
    Partial<Omit<ManagedSaveInput, 'options'>> & { readonly options?: Partial<SavingOptions> },
): ManagedSaveInput {
  const usual = { peerWaitMs: 120_000, breakClaims: [], file: null, force: false };
  return { ...usual, ...request, options: { ...savingOptions, ...request.options } };
}

/** What lies where the memory is, or shall be. */
export type SavedLook =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly guest: SavedGuest }
  /** Another file, or one that was not written to its end. */
  | { readonly kind: 'broken'; readonly message: string };

export interface SavingFacts extends OneHostFacts {
  readonly saved: SavedLook;
  /** The disks that the saved guest goes on with, as they are now. */
  readonly disks: readonly SavedDisk[];
  /** As {@link SavedDisk.changedAt}, of the file with the memory. */
  readonly savedAt: string | null;
  /** Host devices that cannot be saved, for a person. */
  readonly unsaveable: readonly string[];
  /** Of the file system that the file shall be on; `null`: nobody can tell. */
  readonly freeBytes: number | 'noDirectory' | null;
}

/** What an effect that looked at the domain and at the image hands over. */
export interface SavingLook {
  readonly domain: DomainLook;
  readonly saved: SavedLook;
}

export interface SavingContext extends OneHostContext<SavingFacts>, ManagedSaveInput {
  readonly look: SavingLook | null;
  /** So often it was tried to let the guest run again. */
  readonly resumes: number;
  /** What the memory was saved with stands beside it. */
  readonly noted: boolean;
  readonly pausedAtEpochMs: number | null;
  readonly shutOffAtEpochMs: number | null;
  readonly runsAgainAtEpochMs: number | null;
}

export interface ManagedSaveResult extends OneHostResult {
  readonly action: SavingAction;
  /** `gone`: a transient domain is no more where it does not run; `null`: nobody knows. */
  readonly guest: 'running' | 'paused' | 'shutOff' | 'gone' | null;
  /** `false`: the saved memory has no record of its disks, and keeps the claim of this run. */
  readonly noted: boolean;
  readonly pausedAtEpochMs: number | null;
  readonly shutOffAtEpochMs: number | null;
  readonly runsAgainAtEpochMs: number | null;
}

type Of = { readonly context: SavingContext };

export function beforeSaving(input: ManagedSaveInput): SavingContext {
  const unseen = { pausedAtEpochMs: null, shutOffAtEpochMs: null, runsAgainAtEpochMs: null };
  return { ...input, ...nothingYet, look: null, resumes: 0, noted: false, ...unseen };
}

/** What is asked before anything is touched. */
export const savingRequest = ({ context }: Of): ManagedSaveInput => ({
  domain: context.domain,
  host: context.host,
  peerWaitMs: context.peerWaitMs,
  breakClaims: context.breakClaims,
  action: context.action,
  file: context.file,
  options: context.options,
  force: context.force,
});

/** The guest that this is about; where the host does not know it, its memory does. */
function domainUuidOf(context: SavingContext): string {
  const saved = context.facts?.saved;
  if (context.facts?.domain != null || saved?.kind !== 'whole') return foundDomain(context).uuid;
  return saved.guest.domainUuid;
}

export const guestOnHost = ({ context }: Of): DomainOnHost => ({
  host: context.host,
  domainUuid: domainUuidOf(context),
});

export function savedPlace({ action, file }: ManagedSaveInput, domainUuid: string): SavedPlace {
  const isFile = action === 'saveTo' || action === 'restore';
  return isFile && file !== null ? { kind: 'file', path: file } : { kind: 'managed', domainUuid };
}

export interface SavingCall extends DomainOnHost {
  readonly place: SavedPlace;
  readonly options: SavingOptions;
}

export const savingCall = ({ context }: Of): SavingCall => ({
  ...guestOnHost({ context }),
  place: savedPlace(context, domainUuidOf(context)),
  options: context.options,
});

export const saves = ({ action }: SavingContext): boolean =>
  action === 'save' || action === 'saveTo';

/** On record before it is made. The path of a managed save image is libvirt's own: the domain stands for it. */
export const memoryArtefact = (context: SavingContext) =>
  ({
    kind: 'memory',
    host: context.host,
    path: context.file ?? domainUuidOf(context),
  }) as const;

export function expectMemory(context: SavingContext) {
  const artefact = { ...memoryArtefact(context), status: 'expected' } as const;
  return { artefacts: withArtefact(context.artefacts, artefact) };
}

export function memoryIs(context: SavingContext, status: 'made' | 'left') {
  const artefact = { ...memoryArtefact(context), status };
  return { artefacts: withArtefact(context.artefacts, artefact) };
}

export function forgetMemory(context: SavingContext) {
  return { artefacts: withoutArtefact(context.artefacts, memoryArtefact(context)) };
}

export function isMemoryLeft({ artefacts }: SavingContext): boolean {
  return artefacts.some(({ kind, status }) => kind === 'memory' && status === 'left');
}

/** What is not left behind never was, or is gone. */
export function forgetUnmade(context: SavingContext) {
  return isMemoryLeft(context) ? {} : forgetMemory(context);
}

export function savingResult(context: SavingContext): ManagedSaveResult {
  const { action, noted, pausedAtEpochMs, shutOffAtEpochMs } = context;
  const guest = guestOf(context);
  const runsAgainAtEpochMs = guest === 'running' ? context.runsAgainAtEpochMs : null;
  const outage = { pausedAtEpochMs, shutOffAtEpochMs, runsAgainAtEpochMs };
  return { ...resultOf(context), action, guest, noted, ...outage };
}

/** What was tried first may have failed; it is done all the same. */
export function completedResult(context: SavingContext): ManagedSaveResult {
  return { ...savingResult(context), failure: null };
}

function guestOf({ action, artefacts, facts, look }: SavingContext): ManagedSaveResult['guest'] {
  const before = facts?.domain ?? null;
  const isSaved = artefacts.some(({ kind, status }) => kind === 'memory' && status === 'made');
  if (isSaved) return before?.persistent === true ? 'shutOff' : 'gone';
  const seen = look?.domain ?? null;
  if (seen !== null && !seen.reachable) return null;
  const domain = seen === null ? before : seen.domain;
  if (domain === null) return look === null && action !== 'restore' ? null : 'gone';
  if (domain.state === 'paused') return 'paused';
  return isActive(domain) ? 'running' : 'shutOff';
}

/** A person hears what failed, how the guest stands now, and what to do. */
export function explain(context: SavingContext, failure: Failure): Failure {
  const where = context.file ?? 'its managed save image';
  const name = context.facts?.domain?.name ?? context.domain;
  if (saves(context)) return { ...failure, message: `${name} was not saved: ${failure.message}` };
  const kept = `what is in ${where} is untouched, and may be tried again`;
  return { ...failure, message: `${name} does not go on: ${failure.message}; ${kept}` };
}
