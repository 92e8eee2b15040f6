import { onDestination, onSource } from '../policy/domain-on-host.ts';
import type { ProtocolContext } from '../policy/migration/protocol-context.ts';
import { operatorReport, reportOf, rolledBackReport } from '../policy/migration/protocol-report.ts';

type Context = { readonly context: ProtocolContext };

const eventOf = <Event>({ event }: { readonly event: Event }) => ({ event });

/** Both hosts are watched as long as it is not certain where the guest runs. */
export const bothWatched = {
  description: 'Both hosts are watched as long as it is not certain where the guest runs.',
  type: 'parallel',
  invoke: [
    {
      id: 'watchSource',
      src: 'watchSource',
      input: onSource,
      onError: { actions: { type: 'noteBlindness', params: { peer: 'source' } } },
    },
    {
      id: 'watchDestination',
      src: 'watchDestination',
      input: onDestination,
      onError: { actions: { type: 'noteBlindness', params: { peer: 'destination' } } },
    },
  ],
  on: {
    'source.*': { actions: { type: 'noteEvidence', params: eventOf } },
    'destination.*': { actions: { type: 'noteEvidence', params: eventOf } },
  },
} as const;

/** How every protocol ends. */
export const protocolEnds = {
  completed: {
    id: 'completed',
    type: 'final',
    description: 'The guest runs on the destination, and nowhere else.',
    output: ({ context }: Context) => ({ outcome: 'completed', ...reportOf(context) }),
  },
  rolledBack: {
    id: 'rolledBack',
    type: 'final',
    description: 'The guest is on the source as it was.',
    output: ({ context }: Context) => ({ outcome: 'rolledBack', ...rolledBackReport(context) }),
  },
  needsOperator: {
    id: 'needsOperator',
    type: 'final',
    tags: ['waitingForOperator'],
    description: 'No program can know or act; what each host holds is told.',
    output: ({ context }: Context) => ({ outcome: 'needsOperator', ...operatorReport(context) }),
  },
} as const;
