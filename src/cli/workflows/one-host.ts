import { z } from 'zod';

import type { OneHostInput } from '../../../machines/policy/one-host.ts';
import { artefactLines } from '../display/artefact-words.ts';
import { describeFailure } from '../display/failure-words.ts';
import { holdingLines } from '../display/holdings.ts';
import { formatSpan, oneLine } from '../display/quantities.ts';
import type { FinishedRun, RunResult } from '../display/run-result.ts';
import { hideSealed } from '../records/sealed.ts';
import { lookAtPlaces } from './look-at-places.ts';
import type { Place, ShownWorkflow } from './shown-workflow.ts';
import { toldLines } from './told.ts';

export type AskedOneHost = Pick<OneHostInput, 'domain' | 'host'> & {
  /** Of a machine that does several things. */
  readonly action?: string | undefined;
};

export const askedOneHost = z.looseObject({
  domain: z.string(),
  host: z.string(),
  action: z.string().optional(),
}) satisfies z.ZodType<AskedOneHost>;

interface Words {
  readonly noun: string;
  /** What its end says of the domain. */
  readonly done: string;
}

/** What each is called, and what it says when it has worked. */
const workflows = {
  managedSave: { noun: 'save', done: 'is saved' },
  coldSnapshot: { noun: 'snapshot', done: 'was copied at rest' },
  liveSnapshot: { noun: 'snapshot', done: 'was copied while it ran' },
  domainSnapshot: { noun: 'snapshot', done: 'has the snapshot' },
  snapshotRevert: { noun: 'revert', done: 'is what it was then' },
  snapshotDelete: { noun: 'merge', done: 'has fewer layers, and all of its data' },
  instanceSnapshot: { noun: 'snapshot', done: 'has an image' },
} as const satisfies Record<string, Words>;

/** One machine does several things with a guest's memory. */
const savingActions: Readonly<Record<string, Words>> = {
  restore: { noun: 'restore', done: 'goes on with its memory' },
  start: { noun: 'start', done: 'goes on' },
  removeManagedSave: { noun: 'removal of the saved memory', done: 'has no saved memory' },
};

function wordsOf(machine: OneHostMachine, { action = '' }: AskedOneHost): Words {
  return (machine === 'managedSave' ? savingActions[action] : undefined) ?? workflows[machine];
}

type OneHostMachine = keyof typeof workflows;

export function isOneHostMachine(id: string): id is OneHostMachine {
  return Object.hasOwn(workflows, id);
}

export function shownOneHost(machine: OneHostMachine, asked: AskedOneHost): ShownWorkflow {
  const { noun } = wordsOf(machine, asked);
  const { domain, host } = asked;
  const on = hideSealed(host);
  const places = [
    { input: 'host', words: 'the host', uri: host },
  ] as const satisfies readonly Place[];
  return {
    machine,
    noun,
    title: `${noun} of ${domain} on ${on}`,
    header: { workflow: machine, domain, on },
    expectedPhases: [],
    places,
    whileLeft: 'until then it stands as it is, whatever state its guest is in',
    look: (hypervisors, { uuid, reach }) =>
      lookAtPlaces(
        hypervisors,
        places.map((place, at) => ({ place, uri: reach[at] ?? place.uri, domain })),
        uuid,
      ),
    summarise: (result, holdings) => [
      ...(result.ended === 'finished'
        ? [
            ...outcomeLines(machine, asked, result),
            ...toldLines(result.told),
            ...artefactLines(result.artefacts, places),
          ]
        : brokenLines(result)),
      ...(holdings === null ? [] : holdingLines(holdings)),
    ],
  };
}

function brokenLines({ failure }: Exclude<RunResult, { ended: 'finished' }>): string[] {
  return [
    `virtstate itself failed (${failure.code}): ${oneLine(failure.message)}`,
    'The daemon may go on with what it was told last: look at the guest before anything else.',
  ];
}

function outcomeLines(
  machine: OneHostMachine,
  asked: AskedOneHost,
  { outcome, failure, startedAtEpochMs, finishedAtEpochMs }: FinishedRun,
): string[] {
  const { domain } = asked;
  const spent = formatSpan(finishedAtEpochMs - startedAtEpochMs);
  const reason = failure === null ? 'no reason was given' : describeFailure(failure);
  switch (outcome) {
    case 'completed':
      return [`completed: ${domain} ${wordsOf(machine, asked).done}, in ${spent}`];
    case 'refused':
      return [`refused: ${reason}`, `${domain} is as it was; nothing was touched`];
    case 'rolledBack':
      return [`rolled back after ${spent}: ${reason}`, `${domain} is as before`];
    case 'needsOperator':
      return [`needs an operator, after ${spent}: ${reason}`];
  }
}
