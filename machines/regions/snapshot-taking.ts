import { onHost } from '../policy/one-host/one-host.ts';
import { createRequest } from '../policy/domain-snapshot/requests.ts';
import { whenOf } from './domain-notes.ts';
import { askingAgent, freezing } from './freezing.ts';
import { recordsFailure } from './one-host-frame.ts';

/** The guest's file systems come to rest by our own call of the agent, which is bounded and on record. */
export const quiescing = {
  id: 'quiescing',
  description: 'The guest is brought to rest before its disks are switched.',
  tags: ['abortable'],
  initial: 'askingAgent',
  on: { 'abort.requested': { actions: 'recordAbort' } },
  states: {
    askingAgent: askingAgent('#thawing'),
    freezing: freezing('#thawing', '#creating', 'expectSnapshot'),
  },
} as const;

/** libvirt's own work. What its answer says is proven by a look. */
export const creating = {
  id: 'creating',
  description: 'libvirt takes the snapshot.',
  initial: 'choosing',
  states: {
    choosing: {
      description: 'Only where the memory is written is there a job that can be aborted.',
      always: [
        // Nothing will tell that it stands.
        { guard: 'takesMemoryOfPaused', target: 'withMemory.writing.paused' },
        { guard: 'takesMemory', target: 'withMemory' },
        { target: 'disksAlone' },
      ],
    },
    disksAlone: {
      description: 'All disks are switched at one moment; the guest runs on.',
      meta: {
        call: 'virDomainSnapshotCreateXML',
        source: 'https://libvirt.org/formatsnapshot.html',
      },
      invoke: {
        id: 'takeDisks',
        src: 'createSnapshot',
        input: createRequest,
        onDone: { target: '#thawing', actions: 'noteConfirmed' },
        onError: { target: '#thawing', actions: recordsFailure },
      },
      after: { disksWait: { target: '#thawing', actions: 'recordTooLong' } },
    },
    withMemory: {
      description: 'The memory is written, with the guest standing or running on; then the disks.',
      initial: 'writing',
      invoke: {
        id: 'takeMemory',
        src: 'createSnapshot',
        input: createRequest,
        onDone: { target: '#thawing', actions: 'noteConfirmed' },
        onError: { target: '#thawing', actions: recordsFailure },
      },
      states: {
        writing: {
          description: 'A job of libvirt, which can be aborted.',
          tags: ['abortable'],
          meta: {
            call: 'virDomainSnapshotCreateXML',
            source: 'https://libvirt.org/formatsnapshot.html',
          },
          on: { 'abort.requested': { target: 'aborting', actions: 'recordAbort' } },
          after: { snapshotWait: { target: 'aborting', actions: 'recordTooLong' } },
          initial: 'running',
          states: {
            running: {
              description: 'The guest runs until its host tells that it was stopped.',
              on: {
                'domain.suspended': {
                  target: 'paused',
                  actions: { type: 'notePaused', params: whenOf },
                },
              },
            },
            // Left with the answer, which comes when the guest runs again: a few milliseconds.
            paused: {
              description: 'The guest stands; asked for live, only for the last of its memory.',
              tags: ['guestPaused'],
            },
          },
        },
        aborting: {
          description: 'The job is ended. Its own answer is waited for: it may only begin yet.',
          tags: ['rollingBack'],
          initial: 'choosing',
          after: {
            peerWait: [
              { guard: 'isLate', target: 'aborting', reenter: true },
              { target: '#thawing' },
            ],
          },
          states: {
            choosing: {
              description: 'What is written into the disks libvirt does not end for anybody.',
              always: [{ guard: 'isInside', target: 'enduring' }, { target: 'waiting' }],
            },
            enduring: {
              description: 'Whoever asked for its job would be answered when all is over.',
              tags: ['guestPaused'],
            },
            asking: {
              description: 'libvirt lets the guest run again.',
              meta: { call: 'virDomainAbortJob' },
              invoke: {
                id: 'abortSnapshot',
                src: 'abortSnapshot',
                input: onHost,
                onDone: 'waiting',
                onError: 'waiting',
              },
              // Asked before the memory is written, libvirt answers when all is over.
              after: { abortWait: 'waiting' },
            },
            waiting: {
              description: 'An abort that came too early, or that nothing answers, is said again.',
              after: { abortAgain: 'asking' },
            },
          },
        },
      },
    },
  },
} as const;

export const aborting = {
  id: 'aborting',
  description: 'A job that was to end goes on, and nobody waits for its answer any more.',
  tags: ['rollingBack'],
  meta: { call: 'virDomainAbortJob' },
  invoke: {
    id: 'abortLeft',
    src: 'abortSnapshot',
    input: onHost,
    onDone: '#looking',
    onError: '#looking',
  },
} as const;

export const thawed = {
  id: 'thawed',
  description: 'The guest is not frozen any more; was the snapshot asked for?',
  always: [
    { guard: 'isAsked', target: '#looking' },
    { guard: 'isLeftFrozen', target: '#concluding' },
    { guard: 'hasFailure', target: '#concluding' },
    { target: '#creating', actions: 'expectSnapshot' },
  ],
} as const;
