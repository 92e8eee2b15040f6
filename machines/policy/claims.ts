import type { Claim, StandingClaim } from '../../src/ports/claim.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { DomainOnHost } from './domain-on-host.ts';
import { readFailure } from './failures.ts';

/** What the claim of a run asks for. */
export interface ClaimRequest extends DomainOnHost {
  /** Runs whose claims are taken away where they stand. */
  readonly breakClaims: readonly string[];
}

export interface ClaimAnswer {
  readonly claim: Claim;
  /** Whoever claims it, too: the domain is not ours. */
  readonly others: readonly StandingClaim[];
}

export interface ReleaseRequest {
  readonly domainUuid: string;
  /** `null`: what was claimed is not known, because no answer came. */
  readonly run: string | null;
  readonly hosts: readonly string[];
  /** The domain was ours: whoever has claimed it since was refused, and may not get at it any more. */
  readonly held: boolean;
}

export interface ReleaseAnswer {
  /** Hosts that hold it no more. */
  readonly released: readonly string[];
}

/** What stands in the way, and what to do; `null`: nothing. */
export function claimObjection(
  name: string,
  claims: readonly StandingClaim[],
  nowEpochMs: number,
): string | null {
  if (claims.length === 0) return null;
  const whose = claims.map((claim) => describeClaim(claim, nowEpochMs)).join(' and by ');
  const runs = claims.map(({ run }) => run).join(',');
  return `${name} is claimed by ${whose}: let that end first; where nothing works on it any more, take the claim over with \`breakClaims: ${runs}\``;
}

export function describeClaim({ run, details }: StandingClaim, nowEpochMs: number): string {
  if (details === null) return `run ${run}, in words that cannot be read`;
  const age = describeAge(nowEpochMs - details.sinceEpochMs);
  return `run ${run} of engine ${details.engine} since ${age}`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** In its largest unit. Clocks of two hosts differ, so that one may seem to come from the future. */
function describeAge(ageMs: number): string {
  const [unit, unitMs] = units.find(([, atLeastMs]) => ageMs >= atLeastMs) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(ageMs / unitMs))} ${unit}`;
}

/** Another run came first, or at the same moment. */
export function claimedFailure(name: string, { claim, others }: ClaimAnswer): Failure {
  const objection = claimObjection(name, others, claim.sinceEpochMs);
  return { code: 'claimed', message: objection ?? `${name} is claimed`, effect: 'none' };
}

/** It could not be claimed, so nothing was done with it. */
export function unclaimableFailure(name: string, error: unknown): Failure {
  const failure = readFailure(error);
  const message = `${name} could not be claimed for this run: ${failure.message}`;
  return { ...failure, message, effect: 'none' };
}

/** An operator is called, and no other run shall come between. */
export function withClaimAdvice(failure: Failure | null, claim: Claim | null): Failure | null {
  if (failure === null || claim === null) return failure;
  const advice = `until that is settled the claim of run ${claim.run} keeps other runs away from it: take it over then with \`breakClaims: ${claim.run}\`, or remove it (docs/claims.md)`;
  return { ...failure, message: `${failure.message}; ${advice}` };
}
