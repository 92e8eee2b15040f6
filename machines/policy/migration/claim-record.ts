import type { ClaimAnswer } from '../claims.ts';
import { withClaimAdvice } from '../claims.ts';
import type { Artefact } from '../artefact.ts';
import type { LiveMigrationContext, LiveMigrationResult } from './live-migration-context.ts';
import { expectedVolumes, foundDomain, hasPrepared, resultOf } from './live-migration-context.ts';

const isClaim = ({ kind }: Artefact): boolean => kind === 'claim';

/** On record before it is made: a crash in between leaves nothing that nobody knows of. */
export function expectedClaim(context: LiveMigrationContext, host: string): Artefact {
  return { kind: 'claim', host, path: foundDomain(context).uuid, status: 'expected' };
}

/** The domain is ours. From now on the claim may come to the destination, too, and disks with it. */
export function afterClaim(context: LiveMigrationContext, { claim }: ClaimAnswer) {
  const here = { ...expectedClaim(context, context.source), status: 'made' } as const;
  const there = expectedClaim(context, context.destination);
  return { claim, held: true, artefacts: [here, there, ...expectedVolumes(context)] };
}

/** Where the claim may stand: what never prepared has not got it. */
export function claimHolders(context: LiveMigrationContext): string[] {
  const hosts = context.artefacts.filter(isClaim).map(({ host }) => host);
  return hasPrepared(context) ? hosts : hosts.filter((host) => host === context.source);
}

/** A claim that is gone leaves the record. */
export function afterRelease(
  context: LiveMigrationContext,
  released: readonly string[],
): readonly Artefact[] {
  const holders = claimHolders(context).filter((host) => !released.includes(host));
  return context.artefacts.filter((each) => !isClaim(each) || holders.includes(each.host));
}

/** What is told of the claims wherever they may stand. */
export function claimsAs(
  context: LiveMigrationContext,
  status: 'kept' | 'left',
): readonly Artefact[] {
  return afterRelease(context, []).map((each) => (isClaim(each) ? { ...each, status } : each));
}

/** The claim stays, so that no other run comes between before somebody has looked. */
export function operatorResult(context: LiveMigrationContext): LiveMigrationResult {
  const result = resultOf(context);
  const artefacts = claimsAs(context, 'kept');
  return { ...result, artefacts, failure: withClaimAdvice(result.failure, context.claim) };
}
