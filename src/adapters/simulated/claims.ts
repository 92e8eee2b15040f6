import type { Claim, StandingClaim } from '../../ports/claim.ts';
import type { ClaimedDomain } from '../../ports/domain.ts';
import { untilNoJob } from './domain-job.ts';
import type { Place } from './domain-life.ts';
import type { Host } from './world.ts';

type Claims = readonly StandingClaim[];

/** They stand in the definition, and go where that goes. */
export function putClaim(place: Place, claim: Claim): Promise<void> {
  return write(place, (claims) => withClaim(claims, claim));
}

export function withClaim(claims: Claims, { run, ...details }: Claim): Claims {
  return [...othersThan(claims, run), { run, details }];
}

export function dropClaim(place: Place, run: string): Promise<void> {
  return write(place, (claims) => othersThan(claims, run));
}

/** virDomainSetMetadata waits for the job of a migration, in vain. */
async function write({ world, host, domain }: Place, after: (claims: Claims) => Claims) {
  await untilNoJob(world, host, domain);
  domain.definition = { ...domain.definition, claims: after(domain.definition.claims) };
}

function othersThan(claims: Claims, run: string): Claims {
  return claims.filter((claim) => claim.run !== run);
}

export function surveyClaims({ domains }: Host): ClaimedDomain[] {
  return [...domains.values()].flatMap(({ name, definition: { claims } }) =>
    claims.length === 0 ? [] : [{ name, claims }],
  );
}
