import { onHost } from '../policy/one-host/one-host.ts';
import type { KeptDefinition } from '../policy/one-host/undefined-meanwhile.ts';
import { defineRequest } from '../policy/one-host/undefined-meanwhile.ts';
import { recordsFailure } from './one-host-frame.ts';
import { errorOf } from './event-params.ts';

const keptOf = ({ event }: { readonly event: { readonly output: KeptDefinition } }) => event.output;

/**
 * For a libvirt that copies disks of transient domains only: its definition is taken away, once it is
 * durable here. All ways out of here but `undone` have to pass {@link defining}.
 */
export const undefining = <Done extends string, Failed extends string>(
  done: Done,
  failed: Failed,
) =>
  ({
    keepingDefinition: {
      description: 'What is configured is kept with the run, with its secrets: nobody else has it.',
      meta: { call: 'virDomainGetXMLDesc with INACTIVE and SECURE', source: 'LP 1346191' },
      invoke: {
        id: 'keepDefinition',
        src: 'keepDefinition',
        input: onHost,
        onDone: [
          { guard: 'hasFailure', target: failed },
          {
            target: 'undefining',
            actions: { type: 'expectUndefined', params: keptOf },
          },
        ],
        onError: { target: failed, actions: recordsFailure },
      },
    },
    undefining: {
      description: 'From here on the domain ends with its guest, until it is defined again.',
      meta: { call: 'virDomainUndefineFlags with KEEP_NVRAM', source: 'LP 1633447' },
      invoke: {
        id: 'undefineDomain',
        src: 'undefineDomain',
        input: onHost,
        onDone: done,
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: failed,
            actions: recordsFailure,
          },
          { target: failed, actions: [recordsFailure, 'expectLateUndefine'] },
        ],
      },
    },
  }) as const;

/** One try, before anything else is mended: libvirt may well do it at once. */
export const mending = <Next extends string>(next: Next) =>
  ({
    id: 'mending',
    description: 'Whatever happened, a domain without a definition gets it back first.',
    initial: 'choosing',
    states: {
      choosing: {
        description: 'Was it taken away?',
        always: [{ guard: 'isUndefined', target: 'defining' }, { target: next }],
      },
      defining: {
        description: 'One try: what is next cannot wait for more.',
        meta: { call: 'virDomainDefineXML' },
        invoke: {
          id: 'defineFirst',
          src: 'defineAgain',
          input: defineRequest,
          onDone: { target: next, actions: 'noteDefined' },
          onError: next,
        },
      },
    },
  }) as const;

/**
 * Nothing comes after this while the domain has no definition: the run has the only copy of it, which
 * goes with the run. An operator who defines the domain by hand ends it, too.
 */
export const defining = <Src extends string, Input, Next extends string>(
  endingOurs: { readonly src: Src; readonly input: Input },
  next: Next,
) =>
  ({
    id: 'defining',
    description: 'A domain that was undefined is defined again, also when its guest has ended.',
    initial: 'choosing',
    states: {
      choosing: {
        description: 'Only a definition that was taken away has to be given back.',
        always: [{ guard: 'isUndefined', target: 'asking' }, { target: next }],
      },
      asking: {
        description: 'The definition as it was, and whether the host starts it by itself.',
        meta: { call: 'virDomainDefineXML, virDomainSetAutostart' },
        invoke: {
          id: 'defineAgain',
          src: 'defineAgain',
          input: defineRequest,
          onDone: [
            { guard: 'isLateUndefine', target: 'late' },
            { target: 'choosing', actions: 'noteDefined' },
          ],
          onError: 'freeing',
        },
      },
      freeing: {
        description: 'An old libvirt defines no domain whose disks are copied: ours are ended.',
        meta: { call: 'virDomainBlockJobAbort', source: 'VIR_ERR_BLOCK_COPY_ACTIVE' },
        invoke: {
          id: 'freeDisks',
          ...endingOurs,
          onDone: { target: 'waiting' },
          onError: 'waiting',
        },
      },
      waiting: {
        description: 'It is tried for as long as it takes: an end of the run would lose it.',
        tags: ['waitingForOperator'],
        after: { askAgain: 'asking' },
      },
      late: {
        description: 'libvirt reads what a process sent that has died: it may undefine it yet.',
        after: { unheard: { target: 'choosing', actions: 'noteNothingLate' } },
      },
    },
  }) as const;
