import { describeClaim } from '../../../machines/policy/claims.ts';
import type { ClaimedDomain, HostSurvey, HostView, PoolView } from '../../ports/domain.ts';
import type { Reachability } from '../../ports/migration.ts';
import { formatBytes } from './quantities.ts';

/** One thing that the doctor looked at. `warn`: some migrations will not work; `fail`: none will. */
export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly message: string;
}

const finding = (check: string, level: Finding['level'], message: string): Finding => ({
  check,
  level,
  message,
});

/** The oldest libvirt that migrations were tried with. */
const libvirtVersionTried = 9_000_000;
const namesOfNobody: readonly string[] = ['', 'localhost', 'localhost.localdomain'];

export function judgeHost(seen: {
  readonly uri: string;
  readonly host: HostView;
  readonly survey: HostSurvey;
  readonly nowEpochMs: number;
}): Finding[] {
  const { uri, host, survey, nowEpochMs } = seen;
  return [
    finding('reachable', 'ok', `${uri} answers`),
    judgeDriver(survey.driver),
    judgeVersions(host),
    host.hostUuid === ''
      ? finding('hostUuid', 'warn', 'the host tells no uuid: two hosts cannot be told apart')
      : finding('hostUuid', 'ok', host.hostUuid),
    judgeAdvertisedName(host.hostname),
    judgeTransport(uri),
    finding('freeMemory', 'ok', formatBytes(host.freeMemoryBytes)),
    ...judgePools(survey.pools),
    survey.qemuEventsRefused === null
      ? finding('qemuEvents', 'ok', "QEMU's events can be had: phases are observed")
      : finding(
          'qemuEvents',
          'warn',
          `QEMU's events cannot be had (${survey.qemuEventsRefused}): most phases can only be inferred`,
        ),
    ...survey.claimedDomains.map((claimed) => tellClaims(claimed, nowEpochMs)),
    lockManagerNote,
  ];
}

/** A run may be at work on it, or have died; only whoever knows the run can tell. */
function tellClaims({ name, claims }: ClaimedDomain, nowEpochMs: number): Finding {
  const whose = claims.map((claim) => describeClaim(claim, nowEpochMs)).join(' and by ');
  return finding('claim', 'warn', `${name} is claimed by ${whose}: other runs are refused`);
}

/** No call of libvirt tells it, and a wrong guess would cost data. */
const lockManagerNote = finding(
  'lockManager',
  'warn',
  'cannot be read through libvirt: where guests have shared disks, see on the host that lock_manager in /etc/libvirt/qemu.conf is "lockd" (virtlockd) or "sanlock"; without one, two hosts may write to one disk',
);

function judgeDriver(driver: string): Finding {
  return driver === 'QEMU'
    ? finding('driver', 'ok', driver)
    : finding('driver', 'fail', `${driver}: only the QEMU driver can migrate live`);
}

function judgeVersions({ libvirtVersion, hypervisorVersion }: HostView): Finding {
  const words = `libvirt ${dotted(libvirtVersion)}, hypervisor ${dotted(hypervisorVersion)}`;
  return libvirtVersion >= libvirtVersionTried
    ? finding('versions', 'ok', words)
    : finding('versions', 'warn', `${words}: older than ${dotted(libvirtVersionTried)}, not tried`);
}

function dotted(version: number): string {
  return `${Math.floor(version / 1e6)}.${Math.floor(version / 1e3) % 1_000}.${version % 1_000}`;
}

function judgeAdvertisedName(hostname: string): Finding {
  return namesOfNobody.includes(hostname)
    ? finding(
        'advertisedName',
        'warn',
        `'${hostname}': a source would send the memory to itself; give the host a name that others resolve, or --migrate-uri tcp://ADDRESS`,
      )
    : finding('advertisedName', 'ok', hostname);
}

function judgeTransport(uri: string): Finding {
  if (/^[a-z0-9]+\+tcp:/i.test(uri))
    return finding(
      'transport',
      'warn',
      'plain TCP: whoever reaches the port commands the host, and nothing is encrypted',
    );
  if (/^[a-z0-9]+(\+unix)?:\/\/\//i.test(uri))
    return finding(
      'transport',
      'ok',
      'a socket of this machine: as a destination it needs --dconnuri, a URI that the source can open',
    );
  return finding('transport', 'ok', 'remote');
}

function judgePools(pools: readonly PoolView[]): Finding[] {
  if (pools.length === 0)
    return [
      finding(
        'pools',
        'warn',
        'no storage pool: storage is copied hither only into disks that exist already',
      ),
    ];
  return pools.map(({ name, active, targetPath, availableBytes }) => {
    const place = `${name}${targetPath === null ? '' : ` (${targetPath})`}`;
    return active
      ? finding('pool', 'ok', `${place}: ${formatBytes(availableBytes ?? 0)} available`)
      : finding('pool', 'warn', `${place} is not active: virsh pool-start ${name}`);
  });
}

/** Another host: how we reach it, and how the first host's daemon does. */
export interface Peer {
  readonly uri: string;
  readonly connectUri: string;
}

export function judgePeer(seen: {
  readonly host: HostView;
  readonly peer: Peer;
  readonly peerHost: HostView;
  /** By the host's daemon, and the same by the name that the peer advertises. */
  readonly seen: Reachability;
  readonly advertisedSeen: Reachability | null;
}): Finding[] {
  const { host, peer, peerHost, advertisedSeen } = seen;
  return [
    judgeIdentity(host, peerHost),
    seen.seen.reachable
      ? finding('peerReachable', 'ok', `the daemon of ${host.hostname} reaches ${peer.connectUri}`)
      : finding(
          'peerReachable',
          'fail',
          `the daemon of ${host.hostname} cannot reach ${peer.connectUri}: ${seen.seen.message}; give --dconnuri, the URI that works from there`,
        ),
    judgePeerName(peerHost.hostname, advertisedSeen),
  ];
}

function judgePeerName(hostname: string, advertisedSeen: Reachability | null): Finding {
  const check = 'peerAdvertisedName';
  const advice = '--migrate-uri tcp://ADDRESS helps';
  if (namesOfNobody.includes(hostname))
    return finding(check, 'warn', `the peer advertises itself as '${hostname}': ${advice}`);
  if (advertisedSeen === null)
    return finding(check, 'warn', `the peer advertises itself as ${hostname}; not tried from here`);
  return advertisedSeen.reachable
    ? finding(check, 'ok', `${hostname} leads to a daemon`)
    : finding(check, 'warn', `${hostname} does not: ${advertisedSeen.message}; ${advice}`);
}

function judgeIdentity(host: HostView, peer: HostView): Finding {
  return host.hostUuid === peer.hostUuid
    ? finding(
        'otherHost',
        'fail',
        `both have the host uuid ${host.hostUuid}: one and the same host`,
      )
    : finding('otherHost', 'ok', `its host uuid is ${peer.hostUuid}`);
}
