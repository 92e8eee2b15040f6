import type { ProtocolInput } from '../../machines/index.ts';
import { directTo } from './direct.ts';
import { look } from './hosts.ts';
import { advance, migrate } from './peer2peer.ts';
import { operationFailed, postcopyInput } from './protocol.ts';
import type { Walk } from './walk.ts';

type Change = Partial<ProtocolInput>;

/** A migration that may go over to post-copy, and whoever drives it. */
interface Driven {
  readonly protocol: 'peer2peer' | 'direct';
  /** Memory is being copied. */
  readonly precopying: (change?: Change) => Walk;
  /** The guest runs on the destination and fetches what it misses. */
  readonly over: (walk: Walk) => Walk;
  /** The call that was under way fails, and a look shows post-copy broken on both hosts. */
  readonly broken: (walk: Walk) => Walk;
  /** Ends well, whatever call is under way. */
  readonly arrived: (walk: Walk) => Walk;
  /** The attempt to take it up that is in flight works. */
  readonly recovered: (walk: Walk) => Walk;
  /** The source is asked to go on, and says no. */
  readonly refused: (walk: Walk) => Walk;
  /** Invoke that shows an attempt under way. */
  readonly attempt: string;
}

/** What both hosts tell when post-copy begins: QEMU first, then the source's daemon. */
const begins = (walk: Walk): Walk =>
  walk.see('source.migration.postcopy-active').see('source.domain.suspended', 'postcopy');

/** What both hosts tell when its stream ends in the middle. */
export const breaks = (walk: Walk): Walk =>
  walk
    .see('source.migration.postcopy-paused')
    .see('source.domain.suspended', 'postcopyFailed')
    .see('destination.domain.resumed', 'postcopyFailed');

export const peer2peer: Driven = {
  protocol: 'peer2peer',
  precopying: (change = {}) =>
    advance(migrate({ ...postcopyInput, ...change }), 'perform3.precopying'),
  over: (walk) => begins(walk).see('destination.domain.resumed', 'postcopy'),
  broken: (walk) =>
    breaks(walk)
      .fail('perform', operationFailed)
      .done('look', look('brokenPostcopy', 'brokenPostcopy')),
  arrived: (walk) =>
    walk
      .see('destination.domain.resumed', 'migrated')
      .see('source.domain.stopped', 'migrated')
      .done('perform', { atEpochMs: 900 }),
  recovered: (walk) => walk.done('recover', { atEpochMs: 900 }),
  refused: (walk) => walk.fail('recover', operationFailed),
  attempt: 'recover',
};

export const direct: Driven = {
  protocol: 'direct',
  precopying: (change = {}) =>
    directTo('perform3', { ...postcopyInput, ...change }).see('source.migration.active'),
  over: (walk) =>
    begins(walk).done('perform', { atEpochMs: 40 }).see('destination.domain.resumed', 'postcopy'),
  broken: (walk) =>
    breaks(walk)
      .fail('finish', operationFailed)
      .done('look', look('brokenPostcopy', 'brokenPostcopy'))
      .done('leaveHalf', { atEpochMs: 60 })
      .done('look', look('brokenPostcopy', 'brokenPostcopy')),
  arrived: (walk) =>
    walk
      .see('destination.domain.resumed', 'migrated')
      .done('finish', { holds: 'guest', atEpochMs: 50 })
      .done('confirm', { atEpochMs: 900 }),
  recovered: (walk) =>
    walk
      .done('beginResume', { atEpochMs: 70 })
      .done('prepareResume', { atEpochMs: 71 })
      .done('performResume', { atEpochMs: 72 })
      .done('finishResume', { holds: 'guest', atEpochMs: 80 })
      .done('confirmResume', { atEpochMs: 900 }),
  refused: (walk) => walk.fail('beginResume', operationFailed),
  attempt: 'beginResume',
};

export const bothProtocols: readonly (readonly [string, Driven])[] = [
  [peer2peer.protocol, peer2peer],
  [direct.protocol, direct],
];

/** Post-copy is broken, and nothing has been tried yet. */
export const brokenIn = (driven: Driven, change: Change = {}): Walk =>
  driven.broken(driven.over(driven.precopying(change)));
