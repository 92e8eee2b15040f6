import type { SavingLook } from '../policy/managed-save/managed-save.ts';
import { guestOnHost, savingCall } from '../policy/managed-save/managed-save.ts';
import { noteEnding, recordsFailure } from './one-host-frame.ts';

type Looked = { readonly event: { readonly output: SavingLook } };

export const lookOf = ({ event }: Looked) => ({ look: event.output });
const looked = <Name extends string>(type: Name) => ({ type, params: lookOf }) as const;

/** The memory goes into its file. The call is left to its end, also where it is called off. */
export const saving = {
  id: 'saving',
  description: 'The guest stands still, and its memory goes into the file.',
  meta: { call: 'virDomainManagedSave, virDomainSaveFlags', novaTaskState: 'suspending' },
  initial: 'writing',
  invoke: {
    id: 'save',
    src: 'saveGuest',
    input: savingCall,
    onDone: { target: '#noting', actions: 'noteMade' },
    onError: { target: '#looking', actions: recordsFailure },
  },
  states: {
    writing: {
      description: 'The daemon is at it.',
      tags: ['abortable', 'guestPaused'],
      on: { 'abort.requested': { target: 'aborting', actions: 'recordAbort' } },
    },
    aborting: {
      description: 'The daemon is asked to give it up, and lets the guest run again.',
      tags: ['guestPaused', 'rollingBack'],
      meta: { call: 'virDomainAbortJob' },
      invoke: {
        id: 'abort',
        src: 'abortSave',
        input: guestOnHost,
        onDone: 'aborted',
        onError: 'aborted',
      },
    },
    aborted: {
      description: 'The answer to the save comes; an abort that came too early is said again.',
      tags: ['guestPaused', 'rollingBack'],
      after: { askAgain: 'aborting' },
    },
  },
} as const;

/** After whatever is not certain: how do guest and memory stand? */
export const looking = {
  id: 'looking',
  description: 'Nobody knows what came of it: the domain and the image are looked at.',
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#looking', reenter: true },
      { target: '#needsOperator', actions: 'recordSilent' },
    ],
  },
  states: {
    asking: {
      description: 'The host is asked.',
      meta: { call: 'virDomainGetState, virDomainSaveImageGetXMLDesc' },
      invoke: {
        id: 'look',
        src: 'lookAtSaved',
        input: savingCall,
        onDone: [
          { guard: looked('isSilent'), target: 'waiting', actions: looked('noteLook') },
          {
            guard: looked('isBusy'),
            target: '#following',
            actions: [looked('noteLook'), 'noteHeard'],
          },
          { target: '#deciding', actions: looked('noteLook') },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer yet.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** A save goes on without whoever began it, and lasts as long as it lasts. */
export const following = {
  id: 'following',
  description: 'The daemon is still at it: its job is waited for.',
  initial: 'waiting',
  states: {
    waiting: {
      description: 'The job runs.',
      tags: ['abortable', 'guestPaused'],
      on: { 'abort.requested': { target: 'aborting', actions: 'recordAbort' } },
      after: { askAgain: '#looking' },
    },
    aborting: {
      description: 'The daemon is asked to give it up.',
      tags: ['guestPaused', 'rollingBack'],
      meta: { call: 'virDomainAbortJob' },
      invoke: {
        id: 'abortFollowed',
        src: 'abortSave',
        input: guestOnHost,
        onDone: '#looking',
        onError: '#looking',
      },
    },
  },
} as const;

/** What was seen decides. */
export const deciding = {
  id: 'deciding',
  description: 'The host has answered: what was seen decides.',
  always: [
    { guard: 'isSaved', target: '#noting', actions: 'noteMade' },
    { guard: 'mayResume', target: '#resuming', actions: 'noteHeard' },
    { guard: 'hasLeftovers', target: '#discarding', actions: 'noteHeard' },
    { guard: 'isLeftPaused', target: '#needsOperator', actions: 'recordLeftPaused' },
    { guard: 'hasDone', target: '#forgetting' },
    { guard: 'mayComeYet', target: 'hearing' },
    {
      target: '#finishing',
      actions: ['recordUnsaved', 'forgetUnmade', 'explainFailure', noteEnding('rolledBack')],
    },
  ],
} as const;

/** The memory is whole: from here it only goes forward. */
export const noting = {
  id: 'noting',
  description: 'What the memory belongs to is noted beside it: the state of the disks.',
  tags: ['pointOfNoReturn'],
  initial: 'writing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#noting', reenter: true },
      { target: '#finishing', actions: noteEnding('completed') },
    ],
  },
  states: {
    writing: {
      description: 'The claim that came along goes out of the saved definition, too.',
      meta: { call: 'virDomainManagedSaveDefineXML, virDomainSaveImageDefineXML' },
      invoke: {
        id: 'note',
        src: 'noteSaved',
        input: savingCall,
        onDone: { target: '#finishing', actions: ['noteNoted', noteEnding('completed')] },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer: the memory is safe, and it is asked again.',
      after: { askAgain: 'writing' },
    },
  },
} as const;

/** A guest that goes on from its managed save image has the definition that lay in it. */
export const forgetting = {
  id: 'forgetting',
  description: 'It is done: what was noted beside the memory, and came along, goes.',
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#forgetting', reenter: true },
      { target: '#finishing', actions: noteEnding('completed') },
    ],
  },
  states: {
    asking: {
      description: 'The notes of that guest are taken away.',
      meta: { call: 'virDomainSetMetadata' },
      invoke: {
        id: 'forget',
        src: 'forgetNotes',
        input: guestOnHost,
        onDone: { target: '#finishing', actions: noteEnding('completed') },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer: the guest goes on anyway, and it is asked again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** libvirt removes what it began itself; what a dying daemon leaves would be taken for a memory. */
export const discarding = {
  id: 'discarding',
  description: 'What was written of its memory is taken away.',
  tags: ['rollingBack'],
  initial: 'removing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#discarding', reenter: true },
      { target: '#looking', actions: 'noteLeft' },
    ],
  },
  states: {
    removing: {
      description: 'The file goes.',
      meta: { call: 'virDomainManagedSaveRemove' },
      invoke: {
        id: 'discard',
        src: 'discardSaved',
        input: savingCall,
        onDone: { target: '#looking', actions: 'forgetMemory' },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'It could not be removed: it is tried again.',
      after: { askAgain: 'removing' },
    },
  },
} as const;

/** libvirt could not let it go on (paused, reason `api error`), or died before. */
export const resuming = {
  id: 'resuming',
  description: 'The guest stands although it ran before: it is let run again.',
  tags: ['rollingBack', 'guestPaused'],
  meta: { call: 'virDomainResume', source: 'nova-libvirt-flows.md 3.1 E' },
  entry: 'noteResume',
  invoke: {
    id: 'resume',
    src: 'resumeGuest',
    input: guestOnHost,
    onDone: '#looking',
    onError: '#looking',
  },
} as const;

/** A guest that only its file knows was never claimed. */
export const finishing = {
  id: 'finishing',
  description: 'All is done but for the claim, where there is one.',
  always: [{ guard: 'hasDomain', target: '#releasing' }, { target: '#released' }],
} as const;
