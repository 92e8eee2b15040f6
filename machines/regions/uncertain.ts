import { lookOf, onBoth, onDestination, onSource } from '../policy/domain-on-host.ts';
import type { Verdict } from '../policy/peers.ts';

export const shows = (verdict: Verdict) => ({ type: 'peersShow', params: { verdict } }) as const;

const acts = {
  waiting: {
    description: 'A host does not answer, and its answer decides.',
    after: { askAgain: 'inspecting' },
  },
  endingIncoming: {
    description: 'A QEMU that waits on the destination must not run any more.',
    tags: ['rollingBack'],
    meta: { call: 'virDomainDestroy' },
    invoke: {
      id: 'endIncoming',
      src: 'destroyIncoming',
      input: onDestination,
      onDone: 'inspecting',
      onError: 'waiting',
    },
  },
  resumingSource: {
    description: 'The destination never ran: the guest goes on where it was.',
    tags: ['rollingBack', 'guestPaused'],
    meta: { call: 'virDomainResume' },
    invoke: {
      id: 'resume',
      src: 'resumeSource',
      input: onSource,
      onDone: 'inspecting',
      onError: 'waiting',
    },
  },
  endingStaleSource: {
    description: 'The destination runs: the paused older copy must never run again.',
    tags: ['pointOfNoReturn'],
    meta: { call: 'virDomainDestroy' },
    invoke: {
      id: 'destroy',
      src: 'destroySource',
      input: onSource,
      onDone: 'inspecting',
      onError: 'waiting',
    },
  },
} as const;

/**
 * How every protocol ends whose end is not beyond doubt: both hosts are asked, and what they show
 * decides. `first` is what a protocol can do better itself, before the general rules, in states of
 * its own.
 */
export const uncertain = <
  const First extends readonly object[],
  const Own extends Readonly<Record<string, object>>,
>(
  first: First,
  own: Own,
) =>
  ({
    id: 'uncertain',
    description: 'The call failed or its reply is lost: both hosts are asked.',
    initial: 'settling',
    after: {
      peerWait: [
        { guard: 'isLate', target: '#uncertain', reenter: true },
        { target: '#needsOperator' },
      ],
    },
    states: {
      settling: {
        description: 'A suspend still under way would make the first look a lie.',
        always: { guard: 'isSuspendSettled', target: 'inspecting' },
      },
      inspecting: {
        description: 'What does each daemon hold now?',
        meta: { call: 'virDomainGetState on both hosts' },
        invoke: {
          id: 'look',
          src: 'inspectPeers',
          input: onBoth,
          onDone: { target: 'deciding', actions: { type: 'noteLook', params: lookOf } },
          onError: 'waiting',
        },
      },
      deciding: {
        description: 'From what both showed, and from nothing else.',
        always: [
          { guard: shows('bothRun'), target: '#splitBrain' },
          ...first,
          { guard: shows('postcopyBroken'), target: '#postcopyBroken' },
          { guard: shows('postcopyActive'), target: '#fetching' },
          { guard: shows('jobActive'), target: '#following' },
          { guard: shows('switchedOver'), target: '#completed', actions: 'forgiveFailure' },
          { guard: shows('sourceStale'), target: 'endingStaleSource' },
          { guard: shows('incomingLeft'), target: 'endingIncoming' },
          { guard: shows('unchanged'), target: '#rolledBack' },
          { guard: shows('sourceToResume'), target: 'resumingSource' },
          { guard: shows('overtaken'), target: '#needsOperator' },
          { guard: shows('guestGone'), target: '#needsOperator' },
          { target: 'waiting' },
        ],
      },
      ...acts,
      ...own,
    },
  }) as const;

/** The source daemon goes on without us, or QEMU does in post-copy: waited for, as long as it takes. */
export const following = {
  id: 'following',
  description: 'The source daemon goes on without us: wait for the end of its job.',
  meta: { call: 'virDomainGetJobStats' },
  invoke: {
    id: 'follow',
    src: 'followMigration',
    input: onSource,
    onDone: 'uncertain',
    onError: 'uncertain',
  },
} as const;

export const fetching = {
  id: 'fetching',
  description:
    'The destination runs and fetches the rest of its memory: looked at again and again.',
  tags: ['pointOfNoReturn'],
  after: { askAgain: 'uncertain' },
} as const;
