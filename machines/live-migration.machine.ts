import type { LiveMigrationOutput } from './live-migration.setup.ts';
import {
  childSays,
  claimOf,
  endedAs,
  endsIn,
  failureOf,
  guestIsGone,
  isAborted,
  liveMigrationSetup,
  noteEnding,
  objects,
  protocolIs,
  reportOfChild,
} from './live-migration.setup.ts';
import {
  beforeAnything,
  requestOf,
  resultOf,
  toOfflineInput,
  toProtocolInput,
} from './policy/migration/live-migration-context.ts';
import { operatorResult } from './policy/migration/claim-record.ts';
import { claimOnSource } from './policy/migration/live-migration-inputs.ts';
import { migrationCheckNames } from './policy/migration/checks.ts';
import { cleaningUp } from './regions/cleaning-up.ts';
import { concluding } from './regions/concluding.ts';
import { releasing } from './regions/releasing.ts';

/** How each protocol ends, for the parent: in one piece, */
const wholeAgain = [
  {
    guard: endedAs('completed'),
    target: '#liveMigration.concluding',
    actions: [{ type: 'noteReport', params: reportOfChild }, 'recordSuccess'],
  },
  {
    guard: endedAs('rolledBack'),
    target: '#liveMigration.cleaningUp',
    actions: { type: 'noteReport', params: reportOfChild },
  },
] as const;
/** or so that nobody knows. */
const inDoubt = {
  target: '#liveMigration.needsOperator',
  actions: { type: 'noteReport', params: reportOfChild },
} as const;
const afterProtocol = [
  ...wholeAgain,
  {
    guard: childSays('guestGone'),
    target: '#liveMigration.cleaningUp',
    actions: { type: 'noteReport', params: reportOfChild },
  },
  inDoubt,
] as const;

/** A protocol's own machine failed: nobody knows where it stood. */
const protocolBroke = {
  target: '#liveMigration.needsOperator',
  actions: { type: 'recordFailure', params: failureOf },
} as const;

/**
 * A live migration from the first look to the last: prechecks, the protocol as a child machine,
 * and whatever has to be true on both hosts afterwards.
 */
export const liveMigration = liveMigrationSetup.createMachine({
  id: 'liveMigration',
  version: '3',
  description: 'Moves a running guest to another host, or leaves it exactly as it was.',
  context: ({ input }) => beforeAnything(input),
  output: ({ event }) => event.output as LiveMigrationOutput,
  initial: 'gathering',
  states: {
    gathering: {
      description: 'Both hosts are asked for everything that the prechecks judge.',
      tags: ['abortable'],
      meta: { call: 'virDomainGetXMLDesc and reads on both hosts', novaTaskState: 'migrating' },
      on: { 'abort.requested': { target: 'rolledBack', actions: 'recordAbort' } },
      invoke: {
        id: 'gather',
        src: 'gatherFacts',
        input: ({ context }) => requestOf(context),
        onDone: {
          target: 'checking',
          actions: { type: 'noteFacts', params: ({ event }) => ({ facts: event.output }) },
        },
        onError: {
          target: 'refused',
          actions: { type: 'recordFailure', params: failureOf },
        },
      },
    },
    checking: {
      description: 'Every precheck is a guard of its own; one objection is enough.',
      always: [
        ...migrationCheckNames.map(
          (check) =>
            ({ guard: objects(check), target: 'refused', actions: 'recordRefusal' }) as const,
        ),
        { target: 'claiming', actions: 'recordExpectedClaim' },
      ],
    },
    claiming: {
      description:
        'Runs of other engines, which have other records, keep off a domain with a claim.',
      tags: ['abortable'],
      meta: { call: 'virDomainSetMetadata', source: 'docs/claims.md' },
      // A claim that is under way would outrun its own removal: its answer is waited for.
      on: { 'abort.requested': { actions: 'recordAbort' } },
      invoke: {
        id: 'claim',
        src: 'claimDomain',
        input: claimOnSource,
        onDone: [
          {
            guard: isAborted,
            target: 'releasing',
            actions: [{ type: 'noteClaimant', params: claimOf }, noteEnding('rolledBack')],
          },
          {
            guard: { type: 'hasRivals', params: claimOf },
            target: 'releasing',
            actions: [
              { type: 'noteClaimant', params: claimOf },
              { type: 'recordRivals', params: claimOf },
              noteEnding('refused'),
            ],
          },
          { target: 'migrating', actions: { type: 'noteClaim', params: claimOf } },
        ],
        onError: [
          { guard: isAborted, target: 'releasing', actions: noteEnding('rolledBack') },
          {
            target: 'releasing',
            actions: [{ type: 'recordUnclaimable', params: failureOf }, noteEnding('refused')],
          },
        ],
      },
    },
    migrating: {
      description: 'The protocol moves the guest and says where it runs in the end.',
      initial: 'choosing',
      on: {
        'abort.requested': { actions: 'passOn' },
        'bandwidth.set': { actions: 'passOn' },
        'downtime.set': { actions: 'passOn' },
        'postcopy.start': { actions: 'passOn' },
        'force.complete': { actions: 'passOn' },
        'postcopy.recover': { actions: 'passOn' },
        'postcopy.giveUp': { actions: 'passOn' },
      },
      states: {
        choosing: {
          description: 'Who drives, and is there anything to drive?',
          always: [
            { guard: protocolIs('offline'), target: 'offline' },
            { guard: protocolIs('direct'), target: 'direct' },
            { target: 'peer2peer' },
          ],
        },
        peer2peer: {
          description: 'The source daemon drives.',
          invoke: {
            id: 'peer2peer',
            src: 'peer2peerMigration',
            input: ({ context }) => toProtocolInput(context),
            onDone: afterProtocol,
            onError: protocolBroke,
          },
        },
        direct: {
          description: 'We drive, phase by phase.',
          invoke: {
            id: 'direct',
            src: 'directMigration',
            input: ({ context }) => toProtocolInput(context),
            onDone: afterProtocol,
            onError: protocolBroke,
          },
        },
        offline: {
          description: 'Nothing runs: definition and disks are moved.',
          invoke: {
            id: 'offline',
            src: 'offlineMigration',
            input: ({ context }) => toOfflineInput(context),
            // No guest runs that could end on the way.
            onDone: [...wholeAgain, inDoubt],
            onError: protocolBroke,
          },
        },
      },
    },
    concluding,
    cleaningUp,
    cleanedUp: {
      description:
        'Nothing of the run is left, or it is told; the guest is what it was, or has ended.',
      always: [
        { guard: guestIsGone, target: 'needsOperator' },
        { target: 'releasing', actions: noteEnding('rolledBack') },
      ],
    },
    releasing,
    released: {
      description: 'The domain is free for others, or what is left of the claim is told.',
      always: [
        { guard: endsIn('completed'), target: 'completed' },
        { guard: endsIn('refused'), target: 'refused' },
        { target: 'rolledBack' },
      ],
    },
    completed: {
      type: 'final',
      description: 'The guest runs on the destination, defined as it was before.',
      output: ({ context }) => ({ outcome: 'completed', ...resultOf(context) }),
    },
    refused: {
      type: 'final',
      description: 'A precheck or the claim of another run said no; nothing was touched.',
      output: ({ context }) => ({ outcome: 'refused', ...resultOf(context) }),
    },
    rolledBack: {
      type: 'final',
      description: 'The guest is on the source as it was before.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...resultOf(context) }),
    },
    needsOperator: {
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'No program can know or act; the result says what each host holds.',
      output: ({ context }) => ({ outcome: 'needsOperator', ...operatorResult(context) }),
    },
  },
});
