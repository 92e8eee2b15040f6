import type { DomainView, HostView } from '../../../src/ports/domain.ts';
import { first } from '../check.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type { OneHostContext } from './one-host.ts';
import { foundDomain, onHost } from './one-host.ts';

/** A definition on record; its text is sealed, and a token stands for it here. */
export interface KeptDefinition {
  readonly text: string;
  readonly autostart: boolean;
}

export interface DefineRequest extends DomainOnHost {
  readonly definition: KeptDefinition;
}

/** The part of a context that a workflow has whose domain may have to be transient for a while. */
export interface UndefinedMeanwhile {
  /** From before the domain is undefined; `null`: it never was. */
  readonly definition: KeptDefinition | null;
  /** Nobody knows whether the call that undefines it may still come. */
  readonly lateUndefine: boolean;
}

export const neverUndefined = { definition: null, lateUndefine: false } as const;

/** Flag TRANSIENT_JOB came with it: without, only a transient domain can have a copy. */
const transientJobSince = 3_005_000;

export const knowsTransientJobs = ({ libvirtVersion }: HostView): boolean =>
  libvirtVersion >= transientJobSince;

/** Flag KEEP_NVRAM of virDomainUndefineFlags came with it, flag KEEP_TPM with the other. */
const keepNvramSince = 2_003_000;
const keepTpmSince = 8_009_000;

/**
 * What would go with the definition where the domain has to be undefined, and does not come back with it. A libvirt that has to undefine has
 * no checkpoints yet.
 */
export function undefineObjection(
  domain: DomainView,
  host: HostView,
  instead: string,
): string | null {
  const { libvirtVersion } = host;
  if (!domain.persistent || knowsTransientJobs(host)) return null;
  const lost = [
    domain.snapshotCount > 0 ? `its ${domain.snapshotCount} snapshots` : null,
    domain.managedSave ? 'its saved memory' : null,
    domain.nvramPath !== null && libvirtVersion < keepNvramSince ? "its firmware's settings" : null,
    domain.emulatedTpm && libvirtVersion < keepTpmSince ? 'the state of its TPM' : null,
  ];
  return first(lost, (what) =>
    what === null
      ? null
      : `libvirt of ${host.hostname} copies disks of transient domains only, and ${domain.name} would lose ${what} if it were undefined for that: ${instead}`,
  );
}

type Context = OneHostContext & UndefinedMeanwhile;
type Change = Pick<Context, 'artefacts'> & Partial<UndefinedMeanwhile>;

const definitionOf = (context: Context) =>
  ({ kind: 'definition', host: context.host, path: foundDomain(context).uuid }) as const;

/** Of its definition, for as long as its disks are copied. */
export const mustUndefine = (context: Context): boolean =>
  context.definition === null &&
  foundDomain(context).persistent &&
  context.facts !== null &&
  !knowsTransientJobs(context.facts.host);

/** On record before it is taken away: whoever takes over after a crash gives it back first. */
export function expectUndefined(context: Context, definition: KeptDefinition): Change {
  const artefact = { ...definitionOf(context), status: 'expected' } as const;
  return { definition, artefacts: withArtefact(context.artefacts, artefact) };
}

export const isUndefined = ({ artefacts }: OneHostContext): boolean =>
  artefacts.some(({ kind }) => kind === 'definition');

/** One that may be taken away once more stays on record. */
export function noteDefined(context: Context): Change {
  const { artefacts, lateUndefine } = context;
  if (lateUndefine) return { artefacts };
  return { artefacts: withoutArtefact(artefacts, definitionOf(context)) };
}

export function defineRequest({ context }: { readonly context: Context }): DefineRequest {
  if (context.definition === null) throw new Error('no definition was taken away');
  return { ...onHost({ context }), definition: context.definition };
}
