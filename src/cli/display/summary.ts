import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { DomainStatus } from '../../ports/domain.ts';
import type { ArtefactRecord } from '../../ports/run-store.ts';
import { hideSealed } from '../records/sealed.ts';
import { formatSpan, oneLine } from './quantities.ts';
import type { MigrationResult, RunResult } from './run-result.ts';

/** What one host holds of the domain now, or why it cannot be said. */
export type HostHolding =
  | { readonly known: true; readonly domain: DomainStatus | null }
  | { readonly known: false; readonly message: string };

/** Both hosts, looked at after the run. */
export interface Holdings {
  readonly source: { readonly uri: string; readonly holds: HostHolding };
  readonly destination: { readonly uri: string; readonly holds: HostHolding };
}

/** What was asked for, as far as the words depend on it. */
export type Asked = Pick<LiveMigrationInput, 'domain' | 'protocol' | 'offline' | 'destination'> & {
  readonly options: Pick<
    LiveMigrationInput['options'],
    'destinationConnectUri' | 'keepSource' | 'persistence'
  >;
};

/** The end of a run in words: what happened, then what is true now. */
export function summarise(asked: Asked, result: RunResult, holdings: Holdings | null): string[] {
  const lines =
    result.ended !== 'finished'
      ? [
          `virtstate itself failed (${result.failure.code}): ${oneLine(result.failure.message)}`,
          'The source daemon may go on by itself: look at both hosts before anything else.',
        ]
      : [...outcomeLines(asked, result), ...artefactLines(result, holdings)];
  const isSplit = result.ended === 'finished' && result.failure?.code === 'postcopyBroken';
  return [
    ...lines,
    ...(holdings === null ? [] : holdingLines(holdings)),
    ...(isSplit && holdings !== null ? [resumeLine(asked, holdings)] : []),
  ];
}

function outcomeLines({ domain, offline }: Asked, result: MigrationResult): string[] {
  const { outcome, failure, downtimeMs, startedAtEpochMs, finishedAtEpochMs } = result;
  const spent = formatSpan(finishedAtEpochMs - startedAtEpochMs);
  const reason = failure === null ? 'no reason was given' : describeFailure(failure);
  switch (outcome) {
    case 'completed': {
      const pause = downtimeMs === null ? 'no downtime was seen' : `downtime ${downtimeMs} ms`;
      return [
        `completed: ${domain} has moved in ${spent}, ${offline ? 'shut off as it was' : pause}`,
      ];
    }
    case 'refused':
      return [`refused: ${reason}`, `${domain} is where it was; nothing was touched`];
    case 'rolledBack':
      return [`rolled back after ${spent}: ${reason}`, `${domain} is on the source as before`];
    case 'needsOperator':
      return [`needs an operator, after ${spent}: ${reason}`];
  }
}

/** With libvirt's own number where there is one: it is what can be looked up. */
export function describeFailure(failure: NonNullable<MigrationResult['failure']>): string {
  const number = failure.libvirt === undefined ? '' : `, libvirt error ${failure.libvirt.code}`;
  return `${oneLine(failure.message)} (${failure.code}${number})`;
}

const wordsOfArtefact = {
  expected: 'may have been made',
  made: 'made by this migration, in use',
  removed: 'nothing of it is left',
  left: 'made by this migration, could not be removed: delete it',
  kept: 'kept, not used any more',
  unwanted: 'kept for now: it was to be deleted once the guest was safe elsewhere',
} as const;

/** The source's own disk was not made by the run. */
const wordsOfSourceDisk: Readonly<Record<string, string>> = {
  removed: 'deleted, as --source-disk asked',
  left: 'not used any more, could not be deleted: delete it',
};

const wordsOfClaim: Readonly<Record<string, string>> = {
  expected: 'may stand there, where the domain does',
  made: 'stands there, and keeps other runs away',
  removed: 'nothing of it is left',
  left: 'could not be taken away: see docs/claims.md',
  kept: 'keeps other runs away until an operator has looked',
};

function artefactLines({ artefacts }: MigrationResult, holdings: Holdings | null): string[] {
  const ends =
    holdings === null ? null : { from: holdings.source.uri, to: holdings.destination.uri };
  return artefacts
    .filter(({ kind, status }) => kind !== 'claim' || status !== 'removed')
    .map((artefact) => `  ${describeArtefact(artefact, ends)}`);
}

/** What became of something that a run made; `ends`: the hosts that need no name. */
export function describeArtefact(
  { kind, host, path, status }: ArtefactRecord,
  ends: { readonly from: string; readonly to: string } | null,
): string {
  const names = new Map([
    [ends?.to, 'the destination'],
    [ends?.from, 'the source'],
  ]);
  const where = names.get(host) ?? oneLine(hideSealed(host));
  if (kind === 'claim')
    return `claim        on the domain, ${where}: ${wordsOfClaim[status] ?? oneLine(status)}`;
  const others: Readonly<Record<string, string>> = wordsOfArtefact;
  const words = (host === ends?.from ? wordsOfSourceDisk[status] : undefined) ?? others[status];
  return `disk         ${oneLine(path)} on ${where}: ${words ?? oneLine(status)}`;
}

/** What takes a broken post-copy up again once the network is mended: libvirt wants the same flags. */
function resumeLine({ domain, protocol, destination, options }: Asked, holdings: Holdings): string {
  const { source } = holdings;
  const isPersistent = source.holds.known && source.holds.domain?.persistent === true;
  const words = [
    'virsh',
    '-c',
    source.uri,
    'migrate',
    domain,
    options.destinationConnectUri ?? destination,
    '--live',
    '--postcopy',
    '--postcopy-resume',
    ...(protocol === 'peer2peer' ? ['--p2p'] : ['--change-protection']),
    ...(isPersistent && options.persistence === 'asBefore' ? ['--persistent'] : []),
    ...(isPersistent && !options.keepSource ? ['--undefinesource'] : []),
  ];
  return `  to go on     ${words.map(quoted).join(' ')}`;
}

/** As a shell reads it back. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${oneLine(word).replaceAll("'", `'\\''`)}'`;
}

function holdingLines({ source, destination }: Holdings): string[] {
  return [
    `  source       ${hideSealed(source.uri)}: ${describeHolding(source.holds)}`,
    `  destination  ${hideSealed(destination.uri)}: ${describeHolding(destination.holds)}`,
  ];
}

/** A domain whose memory lies on two hosts, by libvirt's reason for its state. */
const wordsOfHalf: Readonly<Record<string, string>> = {
  postcopy: 'in post-copy: part of its memory is on the other host',
  postcopyFailed: 'its post-copy is broken: part of its memory is on the other host',
};

export function describeHolding(holds: HostHolding): string {
  if (!holds.known) return `does not answer (${oneLine(holds.message)})`;
  if (holds.domain === null) return 'has no such domain';
  const { state, reason, persistent } = holds.domain;
  const isActive = state !== 'shutoff';
  if (!isActive) return 'defined, not running';
  const words = `${state}, ${persistent ? 'persistent' : 'transient'}`;
  const half = wordsOfHalf[reason];
  return half === undefined ? words : `${words}; ${half}`;
}
