import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import { artefactLines } from '../display/artefact-words.ts';
import { holdingLines } from '../display/holdings.ts';
import { formatSpan, oneLine, quoted } from '../display/quantities.ts';
import type { FinishedRun, RunResult } from '../display/run-result.ts';
import { describeFailure } from '../display/failure-words.ts';
import { hideSealed } from '../records/sealed.ts';
import { lookAtPlaces } from './look-at-places.ts';
import type { Holding, Place, ShownWorkflow } from './shown-workflow.ts';

/** What was asked of a migration, as far as the words depend on it. */
export type AskedMigration = Pick<
  LiveMigrationInput,
  'domain' | 'protocol' | 'offline' | 'source' | 'destination'
> & {
  readonly options: Pick<
    LiveMigrationInput['options'],
    'destinationConnectUri' | 'destinationName' | 'keepSource' | 'persistence'
  > & { readonly copyDisks?: readonly string[] | undefined };
};

export const askedMigration = z.looseObject({
  domain: z.string(),
  source: z.string(),
  destination: z.string(),
  protocol: z.enum(['peer2peer', 'direct']),
  offline: z.boolean(),
  options: z.looseObject({
    destinationConnectUri: z.string().nullable(),
    destinationName: z.string().nullable(),
    keepSource: z.boolean(),
    persistence: z.enum(['asBefore', 'transient']),
    copyDisks: z.array(z.string()).optional(),
  }),
}) satisfies z.ZodType<AskedMigration>;

/** Nothing runs, so nothing is performed. */
const phasesOfOfflineMove = ['BEGIN3', 'PREPARE', 'FINISH3', 'CONFIRM3'];
const phasesOfLiveMigration = [
  'BEGIN3',
  'PREPARE',
  'PERFORM3',
  'PERFORM3_DONE',
  'FINISH3',
  'CONFIRM3',
];

export function shownMigration(asked: AskedMigration): ShownWorkflow {
  const { domain, source, destination, protocol, offline, options } = asked;
  const from = hideSealed(source);
  const to = hideSealed(destination);
  const places = [
    { input: 'source', words: 'the source', uri: source },
    { input: 'destination', words: 'the destination', uri: destination },
  ] as const satisfies readonly Place[];
  return {
    machine: 'liveMigration',
    noun: 'migration',
    title: `${domain}: ${from} -> ${to}`,
    header: { domain, from, to, protocol, offline },
    expectedPhases: offline ? phasesOfOfflineMove : phasesOfLiveMigration,
    places,
    named: { domain, snapshot: null, disks: options.copyDisks ?? [] },
    whileLeft: () =>
      offline || protocol === 'direct'
        ? 'until then both daemons undo what they hold, and a guest that was about to switch over stays paused on the source'
        : 'until then the source daemon goes on by itself with what it was told last',
    look: (hypervisors, { uuid, reach }) => {
      const names = [domain, options.destinationName ?? domain];
      const sought = places.map((place, at) => {
        return { place, uri: reach[at] ?? place.uri, domain: names[at] ?? domain };
      });
      return lookAtPlaces(hypervisors, sought, uuid);
    },
    summarise: (result, holdings) => summarise(asked, places, result, holdings),
  };
}

function summarise(
  asked: AskedMigration,
  places: readonly Place[],
  result: RunResult,
  holdings: readonly Holding[] | null,
): string[] {
  if (result.ended === 'waiting') return [];
  const lines =
    result.ended !== 'finished'
      ? [
          `virtstate itself failed (${result.failure.code}): ${oneLine(result.failure.message)}`,
          'The source daemon may go on by itself: look at both hosts before anything else.',
        ]
      : [...outcomeLines(asked, result), ...artefactLines(result.artefacts, places)];
  const isSplit = result.ended === 'finished' && result.failure?.code === 'postcopyBroken';
  return [
    ...lines,
    ...(holdings === null ? [] : holdingLines(holdings)),
    ...(isSplit && holdings !== null ? [resumeLine(asked, holdings)] : []),
  ];
}

function outcomeLines({ domain, offline }: AskedMigration, result: FinishedRun): string[] {
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

/** What takes a broken post-copy up again once the network is mended: libvirt wants the same flags. */
function resumeLine(asked: AskedMigration, holdings: readonly Holding[]): string {
  const { domain, protocol, source, destination, options } = asked;
  const here = holdings.find(({ place }) => place.input === 'source')?.holds;
  const isPersistent = here?.known === true && here.domain?.persistent === true;
  const words = [
    'virsh',
    '-c',
    source,
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
