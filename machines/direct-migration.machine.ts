import {
  directSetup,
  failsWith,
  heldAndShows,
  noteCancelled,
  notSent,
} from './direct-migration.setup.ts';
import { onBoth } from './policy/domain-on-host.ts';
import { begins, ends, holdsGuest, phaseInput } from './policy/migration/phase-calls.ts';
import { startingContext } from './policy/migration/protocol-context.ts';
import type { ProtocolOutput } from './protocol-setup.ts';
import { convergence } from './regions/convergence.ts';
import { copying } from './regions/copying.ts';
import { link } from './regions/link.ts';
import { callingOff } from './regions/measures.ts';
import { oneCopy } from './regions/one-copy.ts';
import { leftWhenBroken, postcopyBroken } from './regions/postcopy-broken.ts';
import { postcopy } from './regions/postcopy.ts';
import { resumingByPhases } from './regions/resuming-by-phases.ts';
import { bothWatched, protocolEnds } from './regions/protocol-frame.ts';
import { splitBrain } from './regions/split-brain.ts';
import { fetching, following, shows, uncertain } from './regions/uncertain.ts';
import { wayBack } from './regions/way-back.ts';

/**
 * A live migration that we drive: each phase of libvirt's protocol is one call of ours, on both
 * daemons. Confirm is only sent when it is certain whether the destination runs.
 */
export const directMigration = directSetup.createMachine({
  id: 'directMigration',
  version: '2',
  description: 'This client calls every phase on both daemons, and holds the switchover in hand.',
  context: ({ input }) => startingContext(input, 'client'),
  output: ({ event }) => event.output as ProtocolOutput,
  initial: 'migrating',
  states: {
    migrating: {
      ...bothWatched,
      states: {
        link,
        wayBack,
        postcopy,
        convergence: convergence(callingOff),
        oneCopy,
        execution: {
          description: 'One call after the other; where an answer is lost, both hosts are asked.',
          initial: 'linking',
          states: {
            linking: {
              description: 'Both daemons get a connection that stands for this migration.',
              tags: ['abortable'],
              meta: { call: 'virConnectOpen', novaTaskState: 'migrating' },
              always: [
                { guard: 'isCalledOff', target: 'uncertain' },
                { guard: 'hasLinkFailed', target: 'uncertain', actions: 'recordLinkLost' },
                { guard: 'isLinked', target: 'begin3', actions: 'beginFirstPhase' },
              ],
            },
            begin3: {
              description: 'The source checks that the domain may migrate and begins its job.',
              tags: ['abortable'],
              meta: {
                phase: 'BEGIN3',
                evidence: 'ours',
                milestone: 'begin3',
                call: 'virDomainMigrateBegin3Params',
              },
              invoke: {
                id: 'begin',
                src: 'begin',
                input: phaseInput,
                onDone: [
                  { guard: 'isCalledOff', target: 'confirm3Cancelled', actions: 'takeJob' },
                  { target: 'prepare', actions: ['takeJob', begins('prepare')] },
                ],
                onError: { target: 'uncertain', actions: [failsWith, 'dropLink'] },
              },
            },
            prepare: {
              description: 'The destination starts an empty QEMU and creates missing disks.',
              tags: ['abortable'],
              meta: {
                phase: 'PREPARE',
                evidence: 'ours',
                milestone: 'prepare',
                call: 'virDomainMigratePrepare3Params, or PrepareTunnel3Params',
              },
              invoke: {
                id: 'prepare',
                src: 'prepare',
                input: phaseInput,
                onDone: [
                  { guard: 'isCalledOff', target: 'finish3Cancelled' },
                  { target: 'perform3', actions: begins('perform3') },
                ],
                // The source's job is protected from others until Confirm ends it.
                onError: { target: 'confirm3Cancelled', actions: [failsWith, notSent('prepare')] },
              },
            },
            perform3: {
              description: 'The source copies disks and memory, stops the guest, sends the rest.',
              meta: {
                phase: 'PERFORM3',
                evidence: 'ours',
                milestone: 'perform3',
                call: 'virDomainMigratePerform3Params',
              },
              entry: 'notePerforms',
              invoke: {
                id: 'perform',
                src: 'perform',
                input: phaseInput,
                onDone: { target: 'perform3Done', actions: begins('perform3Done') },
                // The source cleans up by itself: the destination is told, and a Confirm follows only
                // where a look shows that the source still holds the job (a Perform that was refused).
                onError: {
                  target: 'finish3Cancelled',
                  actions: [failsWith, notSent('perform3')],
                },
              },
              ...copying,
            },
            perform3Done: {
              description: "The source's QEMU has sent everything; only the destination can go on.",
              tags: ['guestPaused'],
              meta: { phase: 'PERFORM3_DONE', evidence: 'ours', milestone: 'perform3Done' },
              always: 'finish3',
            },
            finish3: {
              description: 'The destination is told to let the guest run.',
              meta: { phase: 'FINISH3', evidence: 'ours', call: 'virDomainMigrateFinish3Params' },
              entry: 'askFinish',
              on: leftWhenBroken,
              initial: 'starting',
              invoke: {
                id: 'finish',
                src: 'finish',
                input: phaseInput,
                onDone: [
                  { guard: holdsGuest, target: 'confirm3', actions: ends('finish3') },
                  { target: 'uncertain', actions: 'noteNothingRan' },
                ],
                // Whether it runs there is looked at before the source hears anything.
                onError: { target: 'uncertain', actions: failsWith },
              },
              states: {
                starting: {
                  description: 'It may run there at any moment; no guest stands still for ever.',
                  tags: ['guestPaused'],
                  after: {
                    finishWait: { target: '#uncertain', actions: 'recordFinishSilent' },
                  },
                  always: {
                    guard: { type: 'hasReached', params: { milestone: 'finish3' } },
                    target: 'running',
                  },
                },
                running: {
                  description: 'The guest runs on the destination. There is no way back.',
                  tags: ['pointOfNoReturn'],
                  meta: { milestone: 'finish3', source: 'RESUMED on the destination' },
                },
              },
            },
            confirm3: {
              id: 'confirm3',
              description: 'The destination runs: the source ends its copy.',
              tags: ['pointOfNoReturn'],
              meta: { phase: 'CONFIRM3', evidence: 'ours', call: 'virDomainMigrateConfirm3Params' },
              invoke: {
                id: 'confirm',
                src: 'confirm',
                input: phaseInput,
                onDone: {
                  target: '#completed',
                  actions: [ends('confirm3'), 'releaseJob', 'forgiveFailure'],
                },
                onError: { target: 'uncertain', actions: [failsWith, 'dropLink'] },
              },
            },
            finish3Cancelled: {
              description: 'The destination ends the QEMU that waits; error 93 says that it did.',
              tags: ['rollingBack'],
              meta: { call: 'virDomainMigrateFinish3Params, cancelled' },
              // The guest may stand on the source, whose connection was lost.
              after: {
                finishWait: [
                  { guard: 'holdsJobUnperformed', target: 'confirm3Cancelled' },
                  { target: 'uncertain' },
                ],
              },
              invoke: {
                id: 'finishCancelled',
                src: 'finishCancelled',
                input: phaseInput,
                onDone: [
                  { guard: 'holdsJobUnperformed', target: 'confirm3Cancelled' },
                  'uncertain',
                ],
                onError: [
                  { guard: 'holdsJobUnperformed', target: 'confirm3Cancelled' },
                  'uncertain',
                ],
              },
            },
            confirm3Cancelled: {
              id: 'confirm3Cancelled',
              description: 'The source takes the guest back and ends its job.',
              tags: ['rollingBack'],
              meta: {
                phase: 'CONFIRM3_CANCELLED',
                evidence: 'ours',
                call: 'virDomainMigrateConfirm3Params, cancelled',
              },
              invoke: {
                id: 'confirmCancelled',
                src: 'confirmCancelled',
                input: phaseInput,
                onDone: { target: 'uncertain', actions: noteCancelled },
                onError: { target: 'uncertain', actions: 'dropLink' },
              },
            },
            uncertain: uncertain(
              [
                { guard: heldAndShows('sourceStale'), target: '#confirm3' },
                { guard: heldAndShows('sourceToResume'), target: '#confirm3Cancelled' },
                { guard: heldAndShows('unchanged'), target: '#confirm3Cancelled' },
                { guard: heldAndShows('postcopyBroken'), target: '#leavingHalf' },
                { guard: shows('halfLeft'), target: 'endingHalf' },
              ],
              {
                endingHalf: {
                  description:
                    'The guest is whole over there, and no job of ours is left to confirm it.',
                  tags: ['pointOfNoReturn'],
                  meta: { call: 'virDomainDestroy' },
                  invoke: {
                    id: 'endHalf',
                    src: 'destroyHalf',
                    input: onBoth,
                    onDone: 'inspecting',
                    onError: 'waiting',
                  },
                },
              },
            ),
            leavingHalf: {
              id: 'leavingHalf',
              description: 'Post-copy is broken: the source ends its call and keeps its half.',
              tags: ['guestPaused'],
              meta: { call: 'virDomainMigrateConfirm3Params, cancelled' },
              invoke: {
                id: 'leaveHalf',
                src: 'confirmCancelled',
                input: phaseInput,
                onDone: { target: 'uncertain', actions: noteCancelled },
                onError: { target: 'uncertain', actions: 'dropLink' },
              },
            },
            following,
            fetching,
            postcopyBroken: postcopyBroken(resumingByPhases),
          },
        },
      },
    },
    splitBrain,
    ...protocolEnds,
  },
});
