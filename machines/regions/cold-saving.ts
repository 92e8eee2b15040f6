import { onHost } from '../policy/one-host/one-host.ts';
import { hearing } from './one-host-frame.ts';
import {
  failsWith,
  isUnknown,
  layOrder,
  lookOf,
  lookOrder,
  placedLayOrder,
} from '../policy/cold-snapshot/orders.ts';

/** What came of a save, by what is seen of it. */
const afterLook = [
  {
    guard: { type: 'isUnwanted', params: lookOf },
    target: '#saving.aborting',
    actions: 'noteHeard',
  },
  { guard: { type: 'isBusy', params: lookOf }, target: '#saving.waiting', actions: 'noteHeard' },
  {
    guard: { type: 'isSavedInVain', params: lookOf },
    target: '#returning',
    actions: 'noteMemory',
  },
  {
    guard: { type: 'isSaved', params: lookOf },
    target: '#saved',
    actions: ['noteMemory', 'forgiveFailure', 'noteAnswered'],
  },
  {
    guard: { type: 'hasEnded', params: lookOf },
    target: '#returning',
    actions: 'explainEnd',
  },
  { guard: { type: 'isUnheard', params: lookOf }, target: '#saving.hearing' },
  { target: '#returning' },
] as const;

/** The memory goes into libvirt's own file, and the guest is off. */
export const saving = {
  id: 'saving',
  description: 'The guest stops, and its memory waits for its next start.',
  initial: 'asking',
  entry: 'expectMemory',
  on: { 'abort.requested': { target: '.aborting', actions: 'recordAbort' } },
  states: {
    asking: {
      description: 'libvirt saves the memory. Failed, it lets the guest run again.',
      meta: { call: 'virDomainManagedSave', novaTaskState: 'image_snapshot' },
      initial: 'writing',
      invoke: {
        id: 'save',
        src: 'saveMemory',
        input: onHost,
        onDone: [
          { guard: 'isAborted', target: '#returning', actions: 'noteMemory' },
          { target: '#saved', actions: 'noteMemory' },
        ],
        onError: [
          { guard: isUnknown, target: 'looking', actions: failsWith },
          { target: '#returning', actions: failsWith },
        ],
      },
      on: { 'abort.requested': { target: '.aborting', actions: 'recordAbort' } },
      states: {
        writing: {
          description: 'The daemon is at it.',
          tags: ['abortable', 'guestPaused'],
        },
        aborting: {
          description: 'The daemon is asked to give it up.',
          tags: ['guestPaused', 'rollingBack'],
          meta: { call: 'virDomainAbortJob' },
          invoke: {
            id: 'abortWriting',
            src: 'abortSave',
            input: onHost,
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
    },
    looking: {
      description: 'What came of a save whose reply says nothing certain?',
      tags: ['abortable', 'guestPaused'],
      meta: { call: 'virDomainGetState' },
      initial: 'asking',
      // A look may take half a minute itself: what passes is measured, not the looks counted.
      after: {
        silentWait: [{ guard: 'isLate', target: 'looking', reenter: true }, { target: 'aborting' }],
      },
      states: {
        asking: {
          description: 'The host is asked.',
          invoke: {
            id: 'lookAtSave',
            src: 'inspectGuest',
            input: lookOrder,
            onDone: afterLook,
            onError: 'silent',
          },
        },
        silent: {
          description: 'The host does not answer: it is asked again.',
          after: { askAgain: 'asking' },
        },
      },
    },
    hearing: hearing('looking'),
    waiting: {
      description: 'The save goes on without us.',
      tags: ['abortable', 'guestPaused'],
      after: {
        askAgain: [
          { guard: 'hasWaitedLong', target: 'aborting' },
          { target: 'looking', actions: { type: 'noteWaited', params: { seconds: 1 } } },
        ],
      },
    },
    aborting: {
      description: 'The save is called off; the guest runs again when it has ended.',
      tags: ['rollingBack'],
      meta: { call: 'virDomainAbortJob' },
      invoke: {
        id: 'abortSave',
        src: 'abortSave',
        input: onHost,
        onDone: '#returning',
        onError: '#returning',
      },
    },
  },
} as const;

/** The guest is off, and its disks stand still. */
export const saved = {
  id: 'saved',
  description: 'The memory is saved: are the disks copied now, or does the guest run on first?',
  always: [{ guard: 'isShort', target: 'laying' }, { target: 'copying' }],
} as const;

/**
 * Each disk gets an empty overlay before the guest starts again. The configuration names it before the
 * saved image does: whatever ends in between, no boot takes the base alone while newer data are in
 * the overlay.
 */
export const laying = {
  description: 'Empty overlays are laid over the disks while the guest is off.',
  initial: 'choosing',
  on: { 'abort.requested': { target: 'returning', actions: 'recordAbort' } },
  states: {
    choosing: {
      description: 'Disk by disk.',
      tags: ['abortable'],
      always: [
        { guard: 'hasDiskToLay', target: 'making', actions: 'expectOverlay' },
        {
          target: '#returning',
          actions: [{ type: 'aim', params: { goal: 'onOverlays' } }, 'startsOnOverlays'],
        },
      ],
    },
    making: {
      description: 'An empty file over the frozen one.',
      tags: ['abortable'],
      meta: { call: 'qemu-img create' },
      invoke: {
        id: 'makeOverlay',
        src: 'makeOverlay',
        input: layOrder,
        onDone: { target: 'configuring', actions: 'noteOverlay' },
        onError: { target: '#returning', actions: failsWith },
      },
    },
    configuring: {
      description: 'What a boot takes names the overlay first.',
      tags: ['abortable'],
      meta: { call: 'virDomainDefineXML' },
      invoke: {
        id: 'configureOverlay',
        src: 'putOverlay',
        input: placedLayOrder('configuration'),
        onDone: 'pointing',
        onError: { target: '#returning', actions: failsWith },
      },
    },
    pointing: {
      description: 'Then what the next start loads.',
      tags: ['abortable'],
      meta: { call: 'virDomainManagedSaveDefineXML' },
      invoke: {
        id: 'pointOverlay',
        src: 'putOverlay',
        input: placedLayOrder('managedSave'),
        onDone: { target: 'choosing', actions: 'noteLaid' },
        onError: { target: '#returning', actions: failsWith },
      },
    },
  },
} as const;
