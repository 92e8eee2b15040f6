import type { PeersView } from './peers.ts';

/** What every effect on one domain needs: the host's connection URI and the domain. */
export interface DomainOnHost {
  readonly host: string;
  readonly domainUuid: string;
}

/** Both ends, where only a look at both decides. */
export interface DomainOnPeers {
  readonly source: string;
  readonly destination: string;
  readonly domainUuid: string;
}

interface Migrating {
  readonly context: {
    readonly source: string;
    readonly destination: string;
    readonly domain: { readonly uuid: string };
  };
}

export const onSource = ({ context: { source, domain } }: Migrating): DomainOnHost => ({
  host: source,
  domainUuid: domain.uuid,
});

export const onDestination = ({ context: { destination, domain } }: Migrating): DomainOnHost => ({
  host: destination,
  domainUuid: domain.uuid,
});

export const onBoth = ({ context }: Migrating): DomainOnPeers => ({
  source: context.source,
  destination: context.destination,
  domainUuid: context.domain.uuid,
});

/** What an effect that looked at both hands over. */
export const lookOf = ({ event }: { readonly event: { readonly output: PeersView } }) => ({
  peers: event.output,
});
