import { run } from './command.ts';
import { LabError } from './lab-error.ts';
import { cableEnd, hostInterface, hostNetworks } from './network.ts';
import type { HostNetwork } from './network.ts';
import type { HostPaths, LabPaths } from './paths.ts';
import { parsePortRange } from './port-range.ts';

/** TCP packets to lose or to answer with a reset. */
export interface PortFault {
  /**
   * One port or a range `FIRST-LAST` (also `FIRST:LAST`), matched as source and as destination
   * port.
   */
  readonly ports: string;
  /** Seen from the host whose link it is. */
  readonly direction: 'in' | 'out' | 'both';
  /** `drop` loses the packet in silence, `reset` answers it with a TCP reset. */
  readonly effect: 'drop' | 'reset';
  /** On one network only; both without. */
  readonly network?: HostNetwork | undefined;
}

/** libvirt's ports for memory streams and NBD exports (qemu.conf, `migration_port_min`/`max`). */
export const streamPorts = '49152-49215';
/** The ports by which daemons reach each other: libvirt's TCP and TLS, and SSH. */
export const daemonPorts: readonly string[] = ['16509', '16514', '22'];

const rateUnits = new Map([
  ['kbit', 1e3],
  ['mbit', 1e6],
  ['gbit', 1e9],
]);

/** Limits what the host may send, as `tc` spells it, for example `100mbit`. */
export async function setRate(host: HostPaths, rate: string, network: HostNetwork): Promise<void> {
  const match = /^(\d{1,6})(kbit|mbit|gbit)$/.exec(rate);
  const unitBits = rateUnits.get(match?.[2] ?? '');
  const bitsPerS = Number(match?.[1]) * (unitBits ?? 0);
  if (!(bitsPerS > 0)) throw new LabError(`'${rate}' is no rate: write for example 100mbit`);
  // A bucket of 2 ms keeps the rate exact and still holds the 64 KiB segments that a veth carries
  // unsegmented.
  const burstBytes = Math.max(65_536 * 2, Math.ceil(bitsPerS / 8 / 500));
  const shape = ['tbf', 'rate', rate, 'burst', String(burstBytes), 'latency', '200ms'];
  const where = ['dev', hostInterface(network), 'root'];
  await run('tc', ['-n', host.networkNamespace, 'qdisc', 'replace', ...where, ...shape]);
}

/**
 * Pulls the host's cable, or plugs it in again, at the switch's end: both ends lose the carrier.
 */
export async function setCable(
  lab: LabPaths,
  host: HostPaths,
  to: 'up' | 'down',
  network: HostNetwork,
): Promise<void> {
  await run('ip', ['-n', lab.bridgeNamespace, 'link', 'set', cableEnd(host, network), to]);
}

function iptables(host: HostPaths, ...args: string[]): Promise<string> {
  return run('nsenter', [`--net=${host.networkFile}`, 'iptables', '--wait', ...args]);
}

/** Loses or resets TCP packets of some ports at this host. */
export async function dropPorts(host: HostPaths, fault: PortFault): Promise<void> {
  const { first, last } = parsePortRange(fault.ports);
  const chains = { in: ['INPUT'], out: ['OUTPUT'], both: ['INPUT', 'OUTPUT'] }[fault.direction];
  const verdict = fault.effect === 'drop' ? ['DROP'] : ['REJECT', '--reject-with', 'tcp-reset'];
  // The reset itself has to pass: with the fault on both hosts neither would hear of it.
  const except = fault.effect === 'drop' ? [] : ['!', '--tcp-flags', 'RST', 'RST'];
  for (const chain of chains) {
    const way = chain === 'INPUT' ? '--in-interface' : '--out-interface';
    const where = fault.network === undefined ? [] : [way, hostInterface(fault.network)];
    for (const side of ['--sport', '--dport']) {
      const matching = ['--protocol', 'tcp', side, `${first}:${last}`, ...except];
      await iptables(host, '--insert', chain, ...where, ...matching, '--jump', ...verdict);
    }
  }
}

/**
 * Resets the streams of memory and disks that this host sends or receives, and every later one.
 * Resetting packets is not enough: a destination that waits for a page sends none.
 */
export async function breakStreams(host: HostPaths): Promise<void> {
  const { first, last } = parsePortRange(streamPorts);
  await dropPorts(host, { ports: streamPorts, direction: 'both', effect: 'reset' });
  const ours = `sport >= ${first} and sport <= ${last}`;
  const theirs = `dport >= ${first} and dport <= ${last}`;
  const filter = `( ${ours} ) or ( ${theirs} )`;
  await run('ss', ['--net', host.networkNamespace, '--kill', '--tcp', '--numeric', filter]);
}

/** Takes every port fault off the host; rates and cables stay as they are. */
export async function healPorts(host: HostPaths): Promise<void> {
  await iptables(host, '--flush', 'INPUT');
  await iptables(host, '--flush', 'OUTPUT');
}

/** Takes every fault off the host's links. */
export async function clearLink(lab: LabPaths, host: HostPaths): Promise<void> {
  await healPorts(host);
  const tc = ['-n', host.networkNamespace, 'qdisc'];
  for (const network of hostNetworks) {
    await setCable(lab, host, 'up', network);
    // `replace` first, because `del` fails where nothing was set.
    const where = ['dev', hostInterface(network), 'root'];
    await run('tc', [...tc, 'replace', ...where, 'pfifo']);
    await run('tc', [...tc, 'del', ...where]);
  }
}
