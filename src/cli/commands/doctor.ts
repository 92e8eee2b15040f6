import { z } from 'zod';

import { toFailure } from '../../ports/failure.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import { compose } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { refusalLine } from '../display/refusal.ts';
import type { Finding, Peer } from '../display/findings.ts';
import { judgeHost, judgePeer } from '../display/findings.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { connectionUri } from '../../requests/connection-uri.ts';
import { UsageError } from '../options/usage-error.ts';

/** A host that does not answer in this time has no business with a migration. */
const answerTimeoutMs = 30_000;

/**
 * `virtstate doctor`: what a host can do, and what will not work there and why.
 *
 * @returns the exit status: 2 where the host cannot be reached
 * @throws UsageError
 */
export async function doctor(
  uri: string,
  options: Record<string, unknown>,
  { config, output }: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const host = readUri('URI', uri);
  const peer = readPeer(options);
  const composition = compose({ config, log: createLog(logLevel, output) });
  const tell = (finding: Finding): void =>
    output.print(style === 'json' ? toJson(finding) : toWords(finding));
  try {
    const findings = await examine(composition.hypervisors, host, peer);
    findings.forEach(tell);
    const ok = findings.every(({ level }) => level !== 'fail');
    if (style === 'json') output.print(JSON.stringify({ type: 'doctor.finished', ok }));
    return exitStatus.completed;
  } catch (error) {
    const failure = toFailure(error);
    tell({ check: 'reachable', level: 'fail', message: failure.message });
    if (style === 'json') output.print(JSON.stringify({ type: 'doctor.finished', ok: false }));
    output.say(refusalLine(failure));
    return exitStatus.refused;
  } finally {
    await composition.close();
  }
}

function readUri(name: string, text: string): string {
  const parsed = connectionUri.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${name} ${parsed.error.issues[0]?.message ?? 'is wrong'}`);
}

const peerOptions = z.object({
  peer: z.string().optional(),
  /** Of a peer that the configuration names. */
  peerUri: z.string().nullish(),
  dconnuri: z.string().optional(),
});

/** @throws UsageError */
function readPeer(options: Record<string, unknown>): Peer | null {
  const { dconnuri, peer, peerUri } = peerOptions.parse(options);
  if (peer === undefined) return null;
  const uri = readUri('--peer', peer);
  return {
    uri,
    connectUri: dconnuri === undefined ? (peerUri ?? uri) : readUri('--dconnuri', dconnuri),
  };
}

/** @throws FailureError where the host or its peer cannot be reached by us */
async function examine(
  hypervisors: Hypervisors,
  uri: string,
  peer: Peer | null,
): Promise<Finding[]> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  const hypervisor = await hypervisors.open(uri, signal);
  const [host, survey] = await Promise.all([
    hypervisor.inspectHost(signal),
    hypervisor.surveyHost(signal),
  ]);
  const findings = judgeHost({ uri, host, survey, nowEpochMs: Date.now() });
  if (peer === null) return findings;
  const peerHost = await (await hypervisors.open(peer.uri, signal)).inspectHost(signal);
  const advertised = withHost(peer.connectUri, peerHost.hostname);
  const [seen, advertisedSeen] = await Promise.all([
    hypervisor.probeFrom(peer.connectUri, signal),
    advertised === null ? null : hypervisor.probeFrom(advertised, signal),
  ]);
  return [...findings, ...judgePeer({ host, peer, seen, advertisedSeen, peerHost })];
}

/** The same connection to the name that the host advertises; `null` for a URI without a host in it. */
function withHost(uri: string, hostname: string): string | null {
  const url = URL.parse(uri);
  if (url === null || url.hostname === '') return null;
  url.hostname = hostname;
  return url.href;
}

function toJson({ check, level, message }: Finding): string {
  return JSON.stringify({ type: 'finding', check, level, message });
}

function toWords({ check, level, message }: Finding): string {
  return `${level.padEnd(4)}  ${check}: ${oneLine(message)}`;
}
