import {
  aims,
  deviceOrder,
  diskOrder,
  failsDevice,
  failsLook,
  failsStep,
  isThis,
  lookOrder,
  placedOrder,
  seesLook,
  startOrder,
  stepIs,
} from '../policy/cold-snapshot/orders.ts';
import { onHost } from '../policy/one-host/one-host.ts';

/**
 * Brings the guest to what it shall be, whatever was done to it and however far it had come: looks,
 * does the one thing that is missing most, and looks again. Each step has an error of its own, and
 * none keeps another one from being tried. One that says each time that it is done, and is not, is
 * given up like one that fails. A run that goes well takes this way, too: nothing in it tells of a
 * rollback.
 */
export const returning = {
  id: 'returning',
  description: 'The guest is brought back step by step, each chosen by a look at what there is.',
  initial: 'looking',
  on: {
    'abort.requested': {
      guard: 'aimsAtOverlays',
      target: '.looking',
      actions: ['recordAbort', aims('asBefore')],
    },
  },
  states: {
    looking: {
      description: 'What does the host hold of it, where do its disks lie, which devices has it?',
      meta: { call: 'virDomainGetXMLDesc, virDomainGetBlockJobInfo' },
      initial: 'asking',
      // A look may take half a minute itself: what passes is measured, not the looks counted.
      after: {
        silentWait: [
          { guard: 'isLate', target: 'looking', reenter: true },
          { target: '#cleaning', actions: 'noteSilent' },
        ],
      },
      states: {
        asking: {
          description: 'The host is asked.',
          invoke: {
            id: 'lookAround',
            src: 'inspectGuest',
            input: lookOrder,
            onDone: { target: '#returning.choosing', actions: seesLook },
            onError: { target: 'silent', actions: failsLook },
          },
        },
        silent: {
          description: 'The host does not answer: it is asked again.',
          after: { askAgain: 'asking' },
        },
      },
    },
    choosing: {
      description: 'What is missing most?',
      always: [
        { guard: stepIs('reached'), target: 'reached', actions: 'noteAnswered' },
        {
          guard: stepIs('gone', 'unknownLayer', 'staleLayer'),
          target: '#cleaning',
          actions: 'noteStuck',
        },
        { guard: 'isGivenUp', target: 'givingUp' },
        { guard: stepIs('wait', 'awaitCommit'), target: 'patience' },
        { guard: stepIs('start'), target: 'starting', actions: 'noteAnswered' },
        { guard: stepIs('resume'), target: 'resuming' },
        { guard: stepIs('dropSave'), target: 'droppingSave' },
        { guard: stepIs('attach'), target: 'attaching' },
        { guard: stepIs('awaitRelease'), target: 'awaitingRelease' },
        { guard: stepIs('merge'), target: 'merging' },
        { guard: stepIs('takeFromSave'), target: 'takingFromSave' },
        { guard: stepIs('takeFromConfiguration'), target: 'takingFromConfiguration' },
        { guard: stepIs('commit'), target: 'committing', actions: 'noteAnswered' },
        { target: 'pivoting', actions: 'notePivotAsked' },
      ],
    },
    waiting: {
      description: 'A step has failed: what there is now is looked at before it is tried again.',
      after: { askAgain: 'looking' },
    },
    patience: {
      description: 'A job of the domain or of its disk goes on; an event tells its end.',
      on: {
        'blockJob.ready': 'looking',
        'blockJob.completed': 'looking',
        'blockJob.failed': 'looking',
        'blockJob.canceled': 'looking',
        'job.completed': 'looking',
        'domain.stopped': 'looking',
        'connection.regained': 'looking',
      },
      after: {
        askAgain: [
          { guard: 'hasWaitedLong', target: 'givingUp' },
          { target: 'looking', actions: { type: 'noteWaited', params: { seconds: 1 } } },
        ],
      },
    },
    starting: {
      description: 'The saved memory is loaded, and the guest runs or stands as it did.',
      meta: { call: 'virDomainCreateWithFlags' },
      invoke: {
        id: 'start',
        src: 'startSaved',
        input: startOrder,
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    resuming: {
      description: 'It ran before, and libvirt left it paused.',
      tags: ['guestPaused'],
      meta: { call: 'virDomainResume' },
      invoke: {
        id: 'resume',
        src: 'resumeGuest',
        input: onHost,
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    droppingSave: {
      description: 'What is left of the save is removed: the guest runs on without it.',
      meta: { call: 'virDomainManagedSaveRemove' },
      invoke: {
        id: 'dropSave',
        src: 'dropSave',
        input: onHost,
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    attaching: {
      description:
        'A device goes back; one that cannot is told, and keeps no other from its place.',
      meta: { call: 'virDomainAttachDeviceFlags' },
      invoke: {
        id: 'attach',
        src: 'attachDevice',
        input: deviceOrder,
        onDone: { target: 'looking', actions: 'noteBack' },
        onError: { target: 'waiting', actions: failsDevice },
      },
    },
    awaitingRelease: {
      description: 'A device was asked for in vain: the guest says so, or lets go of it yet.',
      on: {
        'device.removed': 'looking',
        'device.removalFailed': {
          guard: { type: 'isAwaited', params: isThis },
          target: 'looking',
          actions: 'noteKept',
        },
        'domain.stopped': { target: 'looking', actions: 'noteKept' },
        'connection.regained': 'looking',
      },
      after: { deviceWait: { target: 'looking', actions: 'noteKept' } },
    },
    merging: {
      description: 'The guest is off: what it wrote to the overlay goes into the base.',
      meta: { call: 'qemu-img commit' },
      invoke: {
        id: 'merge',
        src: 'mergeOverlay',
        input: diskOrder,
        onDone: { target: 'looking', actions: 'noteMerged' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    takingFromSave: {
      description: 'What the next start loads names the base again.',
      meta: { call: 'virDomainManagedSaveDefineXML' },
      invoke: {
        id: 'takeFromSave',
        src: 'takeOverlay',
        input: placedOrder('managedSave'),
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    takingFromConfiguration: {
      description: 'What a boot takes names the base again.',
      meta: { call: 'virDomainDefineXML' },
      invoke: {
        id: 'takeFromConfiguration',
        src: 'takeOverlay',
        input: placedOrder('configuration'),
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    committing: {
      description: 'What the running guest wrote to the overlay begins to go into the base.',
      meta: { call: 'virDomainBlockCommit with ACTIVE' },
      invoke: {
        id: 'commit',
        src: 'commitOverlay',
        input: diskOrder,
        onDone: { target: 'patience', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    pivoting: {
      description: 'The guest goes on with the base; libvirt has the configuration name it, too.',
      meta: { call: 'virDomainBlockJobAbort with PIVOT' },
      invoke: {
        id: 'pivot',
        src: 'pivotOverlay',
        input: diskOrder,
        onDone: { target: 'looking', actions: 'noteTried' },
        onError: { target: 'waiting', actions: failsStep },
      },
    },
    givingUp: {
      description:
        'One step cannot be done: does the guest start without overlays, or is it stuck?',
      always: [
        {
          guard: 'aimsAtOverlays',
          target: 'looking',
          actions: ['recordStepFailure', aims('asBefore')],
        },
        { target: '#cleaning', actions: 'noteStuck' },
      ],
    },
    reached: {
      description: 'The guest is as it shall be.',
      always: [
        { guard: 'aimsAtOverlays', target: '#copying' },
        { target: '#cleaning', actions: 'noteSettled' },
      ],
    },
  },
} as const;
