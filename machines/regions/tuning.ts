import type { DomainOnHost } from '../policy/domain-on-host.ts';
import { onSource } from '../policy/domain-on-host.ts';
import type { ProtocolContext } from '../policy/protocol-context.ts';

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
  initial: 'awaitingJob',
  on: {
    'downtime.set': {
      guard: 'isTunable',
      actions: { type: 'wantDowntime', params: asked },
    },
    'bandwidth.set': {
      guard: 'isTunable',
      actions: { type: 'wantBandwidth', params: asked },
    },
  },
  states: {
    awaitingJob: {
      description: 'There is no job yet that the values could belong to.',
      always: {
        guard: { type: 'hasReached', params: { milestone: 'begin3' } },
        target: 'steady',
        actions: 'wantNextDowntime',
      },
    },
    steady: {
      description: 'QEMU has what is wanted of it; the ramp waits for its next step.',
      always: [
        { guard: { type: 'isWanted', params: { what: 'downtimeMs' } }, target: 'settingDowntime' },
        { guard: { type: 'isWanted', params: { what: 'mibPerS' } }, target: 'settingBandwidth' },
      ],
      on: {
        'stall.noticed': { guard: 'raisesDowntimeOnStall', actions: 'wantNextDowntime' },
      },
      after: {
        downtimeStep: {
          guard: 'hasNextStep',
          target: 'steady',
          reenter: true,
          actions: 'wantNextDowntime',
        },
      },
    },
    settingDowntime: {
      description: 'The longest pause is given to the source daemon.',
      meta: { call: 'virDomainMigrateSetMaxDowntime' },
      invoke: {
        id: 'setMaxDowntime',
        src: 'setMaxDowntime',
        input: wantedDowntime,
        onDone: {
          target: 'steady',
          actions: { type: 'noteTaken', params: taken },
        },
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
        onDone: {
          target: 'steady',
          actions: { type: 'noteTaken', params: taken },
        },
        onError: 'refused',
      },
    },
    refused: {
      description: 'The source daemon did not take it yet; it is asked again.',
      after: { askAgain: [{ guard: 'isTunable', target: 'steady' }, { target: 'over' }] },
    },
    over: { description: 'Nothing is left to tune.' },
  },
} as const;
