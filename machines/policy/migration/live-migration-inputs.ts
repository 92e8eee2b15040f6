import type { DomainOnHost, DomainOnPeers } from '../domain-on-host.ts';
import { claimHolders } from './claim-record.ts';
import type { ClaimRequest, ReleaseRequest } from '../claims.ts';
import type { LiveMigrationContext, Remainder } from './live-migration-context.ts';
import { foundDomain, unwantedDisks, volumesOf } from './live-migration-context.ts';
import type { CopiesOnSource } from './offline-context.ts';

type Context = { readonly context: LiveMigrationContext };

export const remains = (remainder: Remainder) =>
  ({ type: 'remains', params: { remainder } }) as const;

export const onBoth = ({ context }: Context): DomainOnPeers => ({
  source: context.source,
  destination: context.destination,
  domainUuid: foundDomain(context).uuid,
});
export const onDestination = ({ context }: Context): DomainOnHost => ({
  host: context.destination,
  domainUuid: foundDomain(context).uuid,
});
export const onSource = ({ context }: Context): DomainOnHost => ({
  host: context.source,
  domainUuid: foundDomain(context).uuid,
});

export const copiesOnSource = ({ context }: Context): CopiesOnSource => ({
  ...onSource({ context }),
  copies: context.report.copies,
});
export const unwantedVolumes = ({ context }: Context) => ({
  domainUuid: foundDomain(context).uuid,
  volumes: unwantedDisks(context),
});
export const madeVolumes = ({ context }: Context) => ({
  domainUuid: foundDomain(context).uuid,
  volumes: volumesOf(context),
});

export const claimOnSource = ({ context }: Context): ClaimRequest => ({
  ...onSource({ context }),
  breakClaims: context.breakClaims,
});
export const claimsToRelease = ({ context }: Context): ReleaseRequest => ({
  domainUuid: foundDomain(context).uuid,
  run: context.claim?.run ?? null,
  hosts: claimHolders(context),
  held: context.held,
});
