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

export type AskedOneHost = Pick<OneHostInput, 'domain' | 'host'>;

export const askedOneHost = z.looseObject({
  domain: z.string(),
  host: z.string(),
}) satisfies z.ZodType<AskedOneHost>;

/** What each is called, and what it says when it has worked. */
const workflows = {
  managedSave: { noun: 'save', done: 'is done' },
  coldSnapshot: { noun: 'snapshot', done: 'was copied at rest' },
  liveSnapshot: { noun: 'snapshot', done: 'was copied while it ran' },
  domainSnapshot: { noun: 'snapshot', done: 'has the snapshot' },
  snapshotRevert: { noun: 'revert', done: 'is what it was' },
  snapshotDelete: { noun: 'delete', done: 'has lost the snapshot, and nothing else' },
  instanceSnapshot: { noun: 'snapshot', done: 'has an image' },
} as const satisfies Record<string, { readonly noun: string; readonly done: string }>;

type OneHostMachine = keyof typeof workflows;

export function isOneHostMachine(id: string): id is OneHostMachine {
  return Object.hasOwn(workflows, id);
}

export function shownOneHost(machine: OneHostMachine, asked: AskedOneHost): ShownWorkflow {
  const { noun } = workflows[machine];
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
  { domain }: AskedOneHost,
  { outcome, failure, startedAtEpochMs, finishedAtEpochMs }: FinishedRun,
): string[] {
  const spent = formatSpan(finishedAtEpochMs - startedAtEpochMs);
  const reason = failure === null ? 'no reason was given' : describeFailure(failure);
  switch (outcome) {
    case 'completed':
      return [`completed: ${domain} ${workflows[machine].done}, in ${spent}`];
    case 'refused':
      return [`refused: ${reason}`, `${domain} is as it was; nothing was touched`];
    case 'rolledBack':
      return [`rolled back after ${spent}: ${reason}`, `${domain} is as before`];
    case 'needsOperator':
      return [`needs an operator, after ${spent}: ${reason}`];
  }
}
