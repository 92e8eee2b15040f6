import type { LiveMigrationInput } from '../../machines/policy/migration/request.ts';
import { disksToStay, toMigrateCall } from '../../machines/policy/migration/plan.ts';
import { toDiskCopies } from '../../machines/policy/migration/offline-context.ts';
import type { Tools } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { MigrationFacts, Reachability } from '../ports/migration.ts';
import { judgeCopy } from './copy-disk.ts';

/**
 * Everything that the prechecks of a live migration judge. Reads only; both hosts are asked at the
 * same time, and what does not depend on the domain does not wait for it.
 *
 * @throws hostUnreachable for either host
 */
export async function gatherFacts(
  hypervisors: Hypervisors,
  input: LiveMigrationInput,
  { signal, clock }: Pick<Tools, 'signal' | 'clock'>,
): Promise<MigrationFacts> {
  const { options } = input;
  const [source, destination] = await Promise.all([
    hypervisors.open(input.source, signal),
    hypervisors.open(input.destination, signal),
  ]);
  const sourceHost = source.inspectHost(signal);
  const destinationHost = destination.inspectHost(signal);
  const aboutDomain = async () => {
    const domain = await source.findDomain(input.domain, signal);
    if (domain === null)
      return { domain, claims: [], incoming: null, libvirtVerdict: null, copyVerdict: null };
    const call = toMigrateCall(domain, options, input.offline ? 'moveOffline' : 'move');
    const assess = async () => {
      const domainXml = await source.domainXml(domain.uuid, signal);
      const { copyDisks } = call;
      // A running guest's disks are looked for by libvirt itself.
      const stayingDisks = input.offline ? disksToStay(domain, options) : [];
      const request = { domain, domainXml, options, copyDisks, stayingDisks };
      return destination.assessIncoming(request, signal);
    };
    const [incoming, claims, libvirtVerdict] = await Promise.all([
      assess(),
      source.findClaims(domain.uuid, signal),
      source.judgeMigration(call, signal),
    ]);
    const ends = { source: input.source, destination: input.destination };
    const disks = input.offline ? toDiskCopies(domain, incoming) : [];
    const copyVerdict = await judgeCopy(hypervisors, { ...ends, disks }, signal);
    return { domain, claims, incoming, libvirtVerdict, copyVerdict };
  };
  const { destinationConnectUri } = options;
  const advertised = async (): Promise<Reachability> => {
    // Where the source opens no connection itself, or has an address, no name has to lead there.
    if (options.migrationUri !== null || destinationConnectUri === null) return { reachable: true };
    const { hostname } = await destinationHost;
    if (!hostName.test(hostname)) return { reachable: false, message: 'it is no host name' };
    const uri = withHost(destinationConnectUri, hostname);
    return uri === destinationConnectUri ? { reachable: true } : source.probeFrom(uri, signal);
  };
  const [sourceView, destinationView, about, seen, advertisedNameSeenBySource] = await Promise.all([
    sourceHost,
    destinationHost,
    aboutDomain(),
    destinationConnectUri === null
      ? ({ reachable: true } as const)
      : source.probeFrom(destinationConnectUri, signal),
    advertised(),
  ]);
  return {
    atEpochMs: clock.nowEpochMs(),
    source: sourceView,
    destination: destinationView,
    ...about,
    destinationSeenBySource: seen,
    advertisedNameSeenBySource,
  };
}

/**
 * What the destination calls itself becomes part of a URI that the source's daemon opens. With
 * anything else in it the destination could choose how: `?command=` is run by libvirt's ssh transport.
 */
const hostName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/;

/** The same connection, but to the name that the destination advertises. */
function withHost(uri: string, hostname: string): string {
  const match = /^([^:]+:\/\/(?:[^@/]*@)?)(\[[^\]]*\]|[^:/]*)(.*)$/.exec(uri);
  return match === null ? uri : `${match[1]}${hostname}${match[3]}`;
}
