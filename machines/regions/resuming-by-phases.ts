import { begins, holdsGuest, resumeInput } from '../policy/migration/phase-calls.ts';

const again = '#lookingAtPostcopy';

/** A broken post-copy is taken up by us, phase by phase (BEGIN_RESUME to CONFIRM_RESUME). */
export const resumingByPhases = {
  description: 'The same phases again, with POSTCOPY_RESUME; a refusal gives the job back.',
  initial: 'linking',
  states: {
    linking: {
      description: 'A connection that was lost is opened anew.',
      always: [
        { guard: 'isLinked', target: 'beginResume' },
        { guard: 'hasLinkFailed', target: 'reopening', actions: 'wantLink' },
        { target: 'reopening' },
      ],
    },
    reopening: {
      description: 'Both daemons must answer before anything can be taken up.',
      always: { guard: 'isLinked', target: 'beginResume' },
      after: { askAgain: again },
    },
    beginResume: {
      description: 'Both QEMUs must say that post-copy is paused.',
      meta: { call: 'virDomainMigrateBegin3Params with POSTCOPY_RESUME' },
      invoke: {
        id: 'beginResume',
        src: 'begin',
        input: resumeInput,
        onDone: 'prepareResume',
        onError: again,
      },
    },
    prepareResume: {
      description: 'The destination listens again.',
      meta: { call: 'virDomainMigratePrepare3Params; migrate-recover' },
      invoke: {
        id: 'prepareResume',
        src: 'prepare',
        input: resumeInput,
        onDone: 'performResume',
        onError: 'givingBack',
      },
    },
    performResume: {
      description: 'The source sends again what is missing.',
      meta: { call: 'virDomainMigratePerform3Params; migrate with resume' },
      invoke: {
        id: 'performResume',
        src: 'perform',
        input: resumeInput,
        onDone: 'finishResume',
        onError: 'cancellingThere',
      },
    },
    cancellingThere: {
      description: 'The destination listens no longer: only then may it be prepared again.',
      meta: { call: 'virDomainMigrateFinish3Params, cancelled' },
      invoke: {
        id: 'cancelResume',
        src: 'finishCancelled',
        input: resumeInput,
        onDone: 'givingBack',
        onError: 'givingBack',
      },
    },
    finishResume: {
      description: 'The destination waits until it has all of its memory.',
      meta: { call: 'virDomainMigrateFinish3Params' },
      invoke: {
        id: 'finishResume',
        src: 'finish',
        input: resumeInput,
        onDone: [{ guard: holdsGuest, target: 'confirmResume' }, { target: 'givingBack' }],
        onError: 'givingBack',
      },
    },
    confirmResume: {
      description: 'The guest is whole on the destination: the source ends its half.',
      meta: { call: 'virDomainMigrateConfirm3Params' },
      invoke: {
        id: 'confirmResume',
        src: 'confirm',
        input: resumeInput,
        onDone: { target: '#completed', actions: [begins('confirm3'), 'forgiveFailure'] },
        onError: again,
      },
    },
    givingBack: {
      description: 'The source is told that it did not work; its half stays as it is.',
      meta: { call: 'virDomainMigrateConfirm3Params, cancelled' },
      invoke: {
        id: 'giveBack',
        src: 'confirmCancelled',
        input: resumeInput,
        onDone: again,
        onError: again,
      },
    },
  },
} as const;
