import { z } from 'zod';

import type { OneHostInput } from '../../../machines/policy/one-host/one-host.ts';
import type {
  MergeTask,
  SnapshotTask,
} from '../../../machines/policy/snapshot-delete/snapshot-delete.ts';
import { artefactLines } from '../display/artefact-words.ts';
import { describeFailure } from '../display/failure-words.ts';
import { holdingLines } from '../display/holdings.ts';
import { formatSpan, oneLine } from '../display/quantities.ts';
import type { FinishedRun, RunFailure, RunResult } from '../display/run-result.ts';
import { hideSealed } from '../records/sealed.ts';
import { lookAtPlaces } from './look-at-places.ts';
import type { Named, Place, ShownWorkflow } from './shown-workflow.ts';
import { toldLines } from './told.ts';

const askedDeletion = z.looseObject({
  kind: z.literal('snapshot'),
  name: z.string(),
  children: z.enum(['keep', 'withIt', 'only']),
  metadataOnly: z.boolean(),
});
const askedMerge = z.looseObject({
  kind: z.literal('merge'),
  targetDev: z.string(),
  how: z.enum(['commit', 'pull']),
});

/** What was asked, as far as the words depend on it. */
export type AskedOneHost = Pick<OneHostInput, 'domain' | 'host'> & {
  /** Of a machine that does several things. */
  readonly action?: string | undefined;
  /** Of a snapshot. */
  readonly name?: string | undefined;
  /** Of the machine that deletes and merges. */
  readonly what?:
    | Pick<SnapshotTask, 'kind' | 'name' | 'children' | 'metadataOnly'>
    | Pick<MergeTask, 'how' | 'kind' | 'targetDev'>
    | undefined;
  /** Of a swap its orders; other machines have names there. */
  readonly disks?: unknown;
  /** Of an image; `null`: the root disk. */
  readonly disk?: string | null | undefined;
};

export const askedOneHost = z.looseObject({
  domain: z.string(),
  host: z.string(),
  action: z.string().optional(),
  name: z.string().optional(),
  what: z.discriminatedUnion('kind', [askedDeletion, askedMerge]).optional(),
  disks: z.unknown(),
  disk: z.string().nullish().catch(undefined),
}) satisfies z.ZodType<AskedOneHost>;

interface Words {
  readonly noun: string;
  /** What it is about, before `of DOMAIN`. */
  readonly object?: string;
  /** What its end says of the domain. */
  readonly done: string;
}

/** What each is called, and what it says when it has worked. */
const workflows = {
  managedSave: savingWords,
  coldSnapshot: () => ({ noun: 'snapshot', done: 'was copied at rest' }),
  liveSnapshot: () => ({ noun: 'snapshot', done: 'was copied while it ran' }),
  domainSnapshot: ({ name = '' }) => ({
    noun: 'snapshot',
    object: `snapshot ${name}`,
    done: `has the snapshot ${name}`,
  }),
  snapshotRevert: ({ name = '' }) => ({
    noun: 'revert',
    object: `revert to ${name}`,
    done: `is what it was at ${name}`,
  }),
  snapshotDelete: deletionWords,
  instanceSnapshot: ({ name = '' }) => ({
    noun: 'snapshot',
    object: `snapshot ${name}`,
    done: `has the image ${name}`,
  }),
  volumeSwap: swapWords,
} as const satisfies Record<string, (asked: AskedOneHost) => Words>;

/** One machine does several things with a guest's memory. */
const savingActions: Readonly<Record<string, Words>> = {
  restore: { noun: 'restore', done: 'has its memory again' },
  start: { noun: 'start', done: 'goes on' },
  removeManagedSave: { noun: 'removal of the saved memory', done: 'has no saved memory' },
};

function savingWords({ action = '' }: AskedOneHost): Words {
  return savingActions[action] ?? { noun: 'save', done: 'is saved' };
}

function deletionWords({ what }: AskedOneHost): Words {
  if (what === undefined) return { noun: 'merge', done: 'has fewer layers, and all of its data' };
  if (what.kind === 'merge')
    return {
      noun: 'merge',
      object: `merge of ${what.targetDev}`,
      done: `has fewer layers of ${what.targetDev}, and all of its data`,
    };
  const { children, metadataOnly, name } = what;
  const doomed = {
    keep: `snapshot ${name}`,
    withIt: `snapshot ${name} with its descendants`,
    only: `the descendants of snapshot ${name}`,
  }[children];
  return {
    noun: 'deletion',
    object: `deletion of ${doomed}`,
    done: metadataOnly
      ? `stands without ${doomed} on libvirt's books; every file stays`
      : `stands without ${doomed}, with all of its data`,
  };
}

const askedSwaps = z.array(z.looseObject({ targetDev: z.string() }));
const askedDisks = z.array(
  z.union([z.string(), z.looseObject({ targetDev: z.string() }).transform((one) => one.targetDev)]),
);

/** Of what has to be there: a snapshot to go back to or to delete, and disks. */
function namedParts({
  disk = null,
  disks,
  name,
  what,
}: AskedOneHost): Pick<Named, 'disks' | 'snapshot'> {
  if (what?.kind === 'merge') return { snapshot: null, disks: [what.targetDev] };
  if (what?.kind === 'snapshot') return { snapshot: what.name, disks: [] };
  const chosen = askedDisks.safeParse(disks).data ?? [];
  return { snapshot: name ?? null, disks: disk === null ? chosen : [disk, ...chosen] };
}

function swapWords(asked: AskedOneHost): Words {
  const disks = askedSwaps.safeParse(asked.disks).data ?? [];
  const names = disks.map(({ targetDev }) => targetDev).join(', ');
  return {
    noun: 'swap',
    object: `swap of ${names}`,
    done: `has ${names} on ${disks.length === 1 ? 'its new volume' : 'their new volumes'}`,
  };
}

type OneHostMachine = keyof typeof workflows;

export function isOneHostMachine(id: string): id is OneHostMachine {
  return Object.hasOwn(workflows, id);
}

export function shownOneHost(machine: OneHostMachine, asked: AskedOneHost): ShownWorkflow {
  const { noun, object = noun }: Words = workflows[machine](asked);
  const { domain, host } = asked;
  const on = hideSealed(host);
  const places = [
    { input: 'host', words: 'the host', uri: host },
  ] as const satisfies readonly Place[];
  return {
    machine,
    noun,
    title: oneLine(`${object} of ${domain} on ${on}`),
    header: { workflow: machine, domain, on },
    expectedPhases: [],
    places,
    named: { domain, ...namedParts(asked) },
    onlyForward: (states) =>
      states.some((state) => state.startsWith('working.pivoting'))
        ? `${domain} is being put onto its new volumes: it only goes forward`
        : null,
    whileLeft: (tags) => leftWords(tags, domain, on),
    look: (hypervisors, { uuid, reach }) =>
      lookAtPlaces(
        hypervisors,
        places.map((place, at) => ({ place, uri: reach[at] ?? place.uri, domain })),
        uuid,
      ),
    summarise: (result, holdings) => [
      ...(result.ended === 'finished' || result.ended === 'waiting'
        ? [
            ...(result.ended === 'finished'
              ? outcomeLines(machine, asked, result)
              : waitingLines(machine, asked, result)),
            ...toldLines(result.told, asked.what?.kind === 'merge' ? asked.what.how : 'commit'),
            ...artefactLines(result.artefacts, places),
          ]
        : brokenLines(result)),
      ...(holdings === null ? [] : holdingLines(holdings)),
      ...(result.ended === 'waiting' ? result.steps.map((step) => `  next         ${step}`) : []),
    ],
  };
}

/** How the guest may stand until somebody recovers the run. */
function leftWords(tags: ReadonlySet<string>, domain: string, on: string): string {
  if (tags.has('guestFrozen'))
    return `until then the file systems of ${domain} may be frozen: virsh -c '${on}' domfsthaw ${domain} thaws them`;
  if (tags.has('guestPaused')) return `until then ${domain} stands still, or is shut off`;
  return 'until then the daemon goes on with what it was told last, and nothing is undone';
}

function brokenLines({ failure }: Extract<RunResult, { failure: RunFailure }>): string[] {
  return [
    `virtstate itself failed (${failure.code}): ${oneLine(failure.message)}`,
    'The daemon may go on with what it was told last: look at the guest before anything else.',
  ];
}

function waitingLines(
  machine: OneHostMachine,
  asked: AskedOneHost,
  { run }: Extract<RunResult, { ended: 'waiting' }>,
): string[] {
  const { done }: Words = workflows[machine](asked);
  return [
    `waiting: ${asked.domain} ${done}`,
    `until you decide, what it had before is kept, and run ${run} keeps other runs away`,
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
      return [`completed: ${domain} ${workflows[machine](asked).done}, in ${spent}`];
    case 'refused':
      return [`refused: ${reason}`, `${domain} is as it was; nothing was touched`];
    case 'rolledBack':
      if (failure?.code === 'undone')
        return [`undone: ${domain} is on its old volumes, with all that it wrote, after ${spent}`];
      return [`rolled back after ${spent}: ${reason}`, `${domain} is as before`];
    case 'needsOperator':
      return [`needs an operator, after ${spent}: ${reason}`];
  }
}
