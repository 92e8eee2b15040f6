import type { DomainSnapshotOutput } from './domain-snapshot.setup.ts';
import { domainSnapshotSetup } from './domain-snapshot.setup.ts';
import { domainSnapshotCheckNames } from './policy/domain-snapshot/checks.ts';
import type { DomainSnapshotFacts } from './policy/domain-snapshot/domain-snapshot.ts';
import {
  beforeDomainSnapshot,
  domainSnapshotResult,
} from './policy/domain-snapshot/domain-snapshot.ts';
import { factsRequest, redefineRequest } from './policy/domain-snapshot/requests.ts';
import type { Thawed } from './policy/one-host/freezing.ts';
import { guestAsk } from './policy/one-host/freezing.ts';
import { nothingYet, onHost } from './policy/one-host/one-host.ts';
import {
  checking,
  claiming,
  ended,
  gathering,
  needsOperator,
  noteEnding,
  recordsFailure,
  released,
  releasing,
} from './regions/one-host-frame.ts';
import { looking, merging, recording, tidying } from './regions/snapshot-settling.ts';
import { thawing } from './regions/freezing.ts';
import { aborting, creating, quiescing, thawed } from './regions/snapshot-taking.ts';
import { thawingLast } from './regions/thawing-last.ts';
import { errorOf } from './regions/event-params.ts';
import { whenOf } from './regions/domain-notes.ts';

/**
 * libvirt's own snapshot of a domain, in every variant: inside the disks with the memory, or by
 * overlays with or without a file for the memory; of what runs, is paused or is shut off. What libvirt
 * answered is proven by a look at the disks and at its books.
 */
export const domainSnapshot = domainSnapshotSetup.createMachine({
  id: 'domainSnapshot',
  version: '2',
  description: "libvirt's own snapshot of a domain is taken.",
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeDomainSnapshot }),
  output: ({ event }) => event.output as DomainSnapshotOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof factsRequest, DomainSnapshotFacts>(
      factsRequest,
      'virDomainGetXMLDesc, virDomainListAllSnapshots',
    ),
    checking: checking(domainSnapshotCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'The guest is watched until it is known what there is.',
      initial: 'choosing',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: onHost,
        // What it would have told is the outage alone.
        onError: { actions: 'noteUnwatched' },
      },
      on: {
        'domain.suspended': { actions: { type: 'notePaused', params: whenOf } },
        'domain.resumed': { actions: { type: 'noteRuns', params: whenOf } },
        'connection.lost': { actions: 'noteUnwatched' },
      },
      states: {
        choosing: {
          description: 'A guest that is to be frozen is frozen first.',
          always: [
            { guard: 'isRedefinition', target: 'redefining' },
            { guard: 'wantsFreeze', target: 'quiescing' },
            { target: 'creating', actions: 'expectSnapshot' },
          ],
        },
        redefining: {
          description: 'Metadata alone: they are put on the books of libvirt.',
          initial: 'asking',
          after: {
            peerWait: [
              { guard: 'isLate', target: 'redefining', reenter: true },
              { target: '#needsOperator', actions: 'recordUnclear' },
            ],
          },
          states: {
            asking: {
              description: 'Done again, it is the same.',
              meta: { call: 'virDomainSnapshotCreateXML with REDEFINE' },
              invoke: {
                id: 'redefineSnapshot',
                src: 'redefineSnapshot',
                input: redefineRequest,
                onDone: { target: '#concluding', actions: 'noteRedefined' },
                onError: [
                  {
                    guard: { type: 'didNothing', params: errorOf },
                    target: '#concluding',
                    actions: recordsFailure,
                  },
                  { target: 'waiting' },
                ],
              },
            },
            waiting: {
              description: 'The host does not answer; it is asked again.',
              after: { askAgain: 'asking' },
            },
          },
        },
        quiescing,
        creating,
        aborting,
        thawing: thawing('#thawed', []),
        thawed,
        looking,
        merging,
        recording,
      },
    },
    tidying,
    concluding: {
      id: 'concluding',
      description: 'All is done that can be; is the guest as it was?',
      always: [
        { guard: 'isLeftFrozen', target: 'thawingLast' },
        { guard: 'hasFailure', target: 'releasing', actions: noteEnding('rolledBack') },
        { target: 'releasing', actions: noteEnding('completed') },
      ],
    },
    thawingLast: thawingLast<typeof guestAsk, Thawed>(guestAsk),
    releasing,
    released,
    completed: ended(
      'completed',
      'The snapshot is whole; the guest is as it was, or halted where that was asked.',
      domainSnapshotResult,
    ),
    refused: ended('refused', 'Nothing was touched.', domainSnapshotResult),
    rolledBack: ended(
      'rolledBack',
      'There is no snapshot; the guest is as it was, or ended by itself.',
      domainSnapshotResult,
    ),
    needsOperator: needsOperator(
      'Only a person can find out what there is, or let the guest go on.',
      domainSnapshotResult,
    ),
  },
});
