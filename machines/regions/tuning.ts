import type { DomainOnHost } from '../policy/domain-on-host.ts';
import { onSource } from '../policy/domain-on-host.ts';
import type { ProtocolContext } from '../policy/migration/protocol-context.ts';

type Context = { readonly context: ProtocolContext };

const wantedDowntime = ({ context }: Context): DomainOnHost & { downtimeMs: number } => ({
  ...onSource({ context }),
  downtimeMs: context.tuning.wanted.downtimeMs ?? 0,
});
const wantedBandwidth = ({ context }: Context): DomainOnHost & { mibPerS: number } => ({
  ...onSource({ context }),
  mibPerS: context.tuning.wanted.mibPerS ?? 0,
});

/** What the event asks for; what the effect set. */
const asked = <Event>({ event }: { readonly event: Event }): Event => event;
const taken = <Output>({ event }: { readonly event: { readonly output: Output } }): Output =>
  event.output;

/**
 * What libvirt takes only while the migration's job runs, and takes again at any time: the longest
 * pause at the switchover, by the plan's ramp or by hand, and the bandwidth.
 */
export const tuning = {
  description: 'Tell QEMU how long it may pause the guest, and how fast it may send.',
  type: 'parallel',
  on: {
    'downtime.set': { guard: 'isTunable', actions: { type: 'wantDowntime', params: asked } },
    'bandwidth.set': { guard: 'isTunable', actions: { type: 'wantBandwidth', params: asked } },
  },
  states: {
    ramp: {
      description: 'The longest pause grows by the plan.',
      initial: 'awaitingJob',
      states: {
        awaitingJob: {
          description: 'There is no job yet that a limit could belong to.',
          always: { guard: 'hasJob', target: 'rising', actions: 'wantNextDowntime' },
        },
        rising: {
          description: 'The next step comes when it is due, or when no ground is gained any more.',
          always: { guard: 'isRampOver', target: 'over' },
          after: { downtimeStep: { target: 'rising', reenter: true, actions: 'wantNextDowntime' } },
          on: {
            'stall.noticed': {
              guard: 'raisesDowntimeOnStall',
              target: 'rising',
              reenter: true,
              actions: 'wantNextDowntime',
            },
          },
        },
        over: { description: 'The last step is taken, or a value was given by hand.' },
      },
    },
    setting: {
      description: 'One value after the other is given to the source daemon.',
      initial: 'idle',
      states: {
        idle: {
          description: 'QEMU has what is wanted of it.',
          always: [
            {
              guard: { type: 'isWanted', params: { what: 'downtimeMs' } },
              target: 'settingDowntime',
            },
            {
              guard: { type: 'isWanted', params: { what: 'mibPerS' } },
              target: 'settingBandwidth',
            },
          ],
        },
        settingDowntime: {
          description: 'The longest pause is given to the source daemon.',
          meta: { call: 'virDomainMigrateSetMaxDowntime' },
          invoke: {
            id: 'setMaxDowntime',
            src: 'setMaxDowntime',
            input: wantedDowntime,
            onDone: { target: 'idle', actions: { type: 'noteTaken', params: taken } },
            onError: 'refused',
          },
        },
        settingBandwidth: {
          description: 'The bandwidth is given to the source daemon.',
          meta: { call: 'virDomainMigrateSetMaxSpeed' },
          invoke: {
            id: 'setBandwidth',
            src: 'setBandwidth',
            input: wantedBandwidth,
            onDone: { target: 'idle', actions: { type: 'noteTaken', params: taken } },
            onError: 'refused',
          },
        },
        refused: {
          description: 'The source daemon did not take it yet; it is asked again.',
          after: { askAgain: 'idle' },
        },
      },
    },
  },
} as const;
