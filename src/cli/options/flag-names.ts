/**
 * What is typed for an option that the machines' words name. `NAME: VALUE` stands before `NAME`, for
 * what has a flag of its own.
 */
const flags: ReadonlyMap<string, string> = new Map([
  ['protocol', '--protocol'],
  ['protocol: peer2peer, tunnelled: true', '--protocol tunnelled'],
  ['protocol: direct, tunnelled: true', '--protocol direct-tunnelled'],
  ['protocol: direct, tunnelled: false', '--protocol direct'],
  ['tunnelled: false', '--protocol peer2peer or direct'],
  ['offline', '--offline'],
  ['relayUri', '--relay-uri'],
  ['migrationUri', '--migrate-uri'],
  ['listenAddress', '--listen-address'],
  ['destinationConnectUri', '--dconnuri'],
  ['destinationName', '--dname'],
  ['destinationXml', '--xml'],
  ['tls', '--tls'],
  ['tlsDestination', '--tls-destination'],
  ['parallelConnections', '--parallel'],
  ['zerocopy', '--zerocopy'],
  ['compression', '--compression'],
  ['bandwidthMibPerS', '--bandwidth'],
  ['copyStorage', '--copy-storage'],
  ['copyDisks', '--copy-disks'],
  ['spaceWanted: allocation', '--disk-over-commit'],
  ['disksUri', '--disks-uri'],
  ['disksPort', '--disks-port'],
  ['sourceDisk', '--source-disk'],
  ['keepSource', '--keep-source'],
  ['persistence: transient', '--transient'],
  ['unsafe', '--unsafe'],
  ['autoConverge', '--auto-converge'],
  ['autoConvergeInitial', '--auto-converge-initial'],
  ['autoConvergeIncrement', '--auto-converge-increment'],
  ['postcopy', '--postcopy'],
  ['postcopyBandwidthMibPerS', '--postcopy-bandwidth'],
  ['convergence', '--policy, --timeout, the downtime and the stall options'],
  ['convergence.budget', '--timeout or --timeout-per-gib'],
  ['convergence.stallPasses', '--stall-passes'],
  ['convergence.downtime.steps', '--downtime-ramp START:LIMIT:STEPS:S_PER_GIB'],
  ['breakClaims', '--break-claim'],
  ['wait', '--wait'],
  ['force', '--force'],
  ['keepBefore: false', '--no-keep-before'],
  ['metadataOnly', '--metadata-only'],
  ['oldVolume: confirm', '--keep-old'],
  ['create', '--create'],
  ['resizeBytes', '--resize'],
  ['shallow', '--shallow'],
]);

const option = /`([A-Za-z.]+)(?:: ([^`]+))?`/g;

/** Words of the machines, with the flags of the command line in the place of their options. */
export function withFlags(words: string): string {
  return words.replaceAll(option, (given: string, name: string, value?: string) => {
    const whole = flags.get(given.slice(1, -1));
    const flag = flags.get(name);
    return whole ?? (flag === undefined || value === undefined ? given : `${flag} ${value}`);
  });
}
