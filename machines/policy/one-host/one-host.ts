import type { Claim, StandingClaim } from '../../../src/ports/claim.ts';
import type { DomainView, HostView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { ClaimAnswer, ClaimRequest, ReleaseAnswer, ReleaseRequest } from '../claims.ts';
import { withClaimAdvice } from '../claims.ts';
import type { DomainOnHost } from '../domain-on-host.ts';

/** What every workflow on one host is asked. */
export interface OneHostInput {
  /** Name or uuid. */
  readonly domain: string;
  /** Connection URI. */
  readonly host: string;
  /** How long a host that does not answer is waited for where its answer decides. */
  readonly peerWaitMs: number;
  /** Runs whose claims are taken away where they stand. */
  readonly breakClaims: readonly string[];
}

/** What every workflow on one host finds out before it touches anything. */
export interface OneHostFacts {
  readonly atEpochMs: number;
  readonly host: HostView;
  /** `null`: the host knows no such domain. */
  readonly domain: DomainView | null;
  /** What other runs claim of it. */
  readonly claims: readonly StandingClaim[];
}

/** How the run ends when its claim is gone. */
export type Ending = 'completed' | 'refused' | 'rolledBack';

export interface OneHostContext<Facts extends OneHostFacts = OneHostFacts> extends OneHostInput {
  readonly facts: Facts | null;
  /** The first cause stays. */
  readonly failure: Failure | null;
  readonly artefacts: readonly Artefact[];
  /** Ours, once the domain has been claimed. */
  readonly claim: Claim | null;
  /** The claim was alone: the domain is ours until it is released. */
  readonly held: boolean;
  /** Of a call whose answer was lost something was seen, or was waited for long enough. */
  readonly heard: boolean;
  readonly ending: Ending | null;
}

export interface OneHostResult {
  readonly failure: Failure | null;
  readonly artefacts: readonly Artefact[];
}

type Of<Context> = { readonly context: Context };

/** The part of a context that no workflow fills otherwise. */
export const nothingYet = {
  facts: null,
  failure: null,
  artefacts: [],
  claim: null,
  held: false,
  heard: false,
  ending: null,
} as const;

/** The domain as it was found. Only states behind the prechecks ask for it. */
export function foundDomain(context: OneHostContext): DomainView {
  const domain = context.facts?.domain ?? null;
  if (domain === null) throw new Error('no domain was found, and yet the prechecks passed');
  return domain;
}

export const onHost = ({ context }: Of<OneHostContext>): DomainOnHost => ({
  host: context.host,
  domainUuid: foundDomain(context).uuid,
});

export const claimRequest = ({ context }: Of<OneHostContext>): ClaimRequest => ({
  ...onHost({ context }),
  breakClaims: context.breakClaims,
});

export const releaseRequest = ({ context }: Of<OneHostContext>): ReleaseRequest => ({
  domainUuid: foundDomain(context).uuid,
  run: context.claim?.run ?? null,
  hosts: holdsClaim(context) ? [context.host] : [],
  held: context.held,
});

const claimArtefact = (context: OneHostContext) =>
  ({ kind: 'claim', host: context.host, path: foundDomain(context).uuid }) as const;

/** On record before it is made: a crash in between leaves nothing that nobody knows of. */
export function expectClaim(context: OneHostContext): Pick<OneHostContext, 'artefacts'> {
  return claimIs(context, 'expected');
}

export function afterClaim(context: OneHostContext, { claim }: ClaimAnswer) {
  return { claim, held: true, ...claimIs(context, 'made') };
}

export function claimIs(context: OneHostContext, status: Artefact['status']) {
  return { artefacts: withArtefact(context.artefacts, { ...claimArtefact(context), status }) };
}

export function holdsClaim({ artefacts }: OneHostContext): boolean {
  return artefacts.some(({ kind }) => kind === 'claim');
}

/** A claim that is gone leaves the record. */
export function afterRelease(context: OneHostContext, { released }: ReleaseAnswer) {
  const { artefacts, host } = context;
  if (!released.includes(host)) return {};
  return { artefacts: withoutArtefact(artefacts, claimArtefact(context)) };
}

/**
 * Whoever made it is gone, or was cut off: the call may still lie unread before its daemon, which shows
 * nothing of it then. What the daemon itself answered is over.
 */
export function mayComeYet({ failure, heard }: OneHostContext): boolean {
  return !heard && failure?.effect === 'unknown' && failure.libvirt === undefined;
}

/**
 * A daemon that ended under our call finds the guest standing that it had stopped for it, and calls that
 * a person's pause where its record was a moment old: `user` (libvirt 11.3). Nobody else could pause it
 * while that call had the domain's job.
 */
export function isCutOff({ failure }: OneHostContext): boolean {
  return failure?.code === 'connectionLost' && failure.effect === 'unknown';
}

export interface ResumeRequest extends DomainOnHost {
  /** Whether a pause by `user` is not taken for a person's. */
  readonly cutOff: boolean;
}

export const resumeRequest = ({ context }: Of<OneHostContext>): ResumeRequest => ({
  ...onHost({ context }),
  cutOff: isCutOff(context),
});

export function resultOf({ failure, artefacts }: OneHostContext): OneHostResult {
  return { failure, artefacts };
}

/** The claim stays, so that no other run comes between before somebody has looked. */
export function operatorResult(context: OneHostContext): OneHostResult {
  const artefacts = holdsClaim(context) ? claimIs(context, 'kept').artefacts : context.artefacts;
  return { artefacts, failure: withClaimAdvice(context.failure, context.claim) };
}
