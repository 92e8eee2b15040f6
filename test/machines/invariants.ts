import { isDeepStrictEqual } from 'node:util';

import type { ProtocolOutput } from '../../machines/index.ts';
import type { Adversary } from './adversary.ts';

/** The world after one move. */
export interface Frame {
  readonly world: Adversary;
  /** We drive the phases, not the source daemon. */
  readonly isOurs: boolean;
  /** Effects that this move started, as `id`. */
  readonly started: readonly string[];
  readonly output: ProtocolOutput | null;
  /** From here on everything has failed. */
  readonly hopeless: boolean;
}

/** `null`: the rule is not concerned. */
type Rule = (frame: Frame) => boolean | null;

const has = (word: string, words: readonly string[]): boolean => words.includes(word);
const gone = ['absent', 'shutoff'];
const runningHere = ['running', 'runningWithJob'];
const runningThere = ['running', 'inPostcopy', 'brokenPostcopy'];

const lastLook = ({ world }: Frame) =>
  world.looks.at(-1) ?? (['unreachable', 'unreachable'] as const);
const stoodBefore = ({ world }: Frame): boolean =>
  world.walk.snapshot.context.domain.state === 'paused';
const whole = (frame: Frame) => (stoodBefore(frame) ? ['running', 'pausedByUser'] : ['running']);
const wasSeenThere = ({ world }: Frame): boolean =>
  world.events.has('destination.domain.resumed migrated') ||
  world.events.has('destination.domain.resumed postcopy') ||
  world.looks.some(([, there]) => has(there, [...runningThere, 'pausedByUser', 'pausedByError']));
/**
 * QEMU has sent all of it, or goes over to post-copy. Where we drive, what the source showed before
 * Begin's reply was another migration's.
 */
const hasSwitched = ({ isOurs, world }: Frame): boolean => {
  const begun = world.played.findLastIndex((move) => move.startsWith('begin done'));
  const ours = isOurs ? world.played.slice(begun + 1) : [...world.events];
  return (
    ours.includes('source.migration.completed') ||
    ours.includes('source.migration.postcopy-active') ||
    has('perform done', world.replies) ||
    has('perform done nothing', world.replies)
  );
};
const wasAsked = ({ world }: Frame, src: string): boolean => has(src, world.walk.started());
/** Where we drive, no guest runs there before Finish was sent, nor when its answer was that none does. */
const isHeldBack = (frame: Frame): boolean =>
  frame.isOurs && (!wasAsked(frame, 'finish') || has('finish done nothing', frame.world.replies));
const mayHaveSwitched = (frame: Frame): boolean =>
  !isHeldBack(frame) &&
  (hasSwitched(frame) ||
    frame.world.events.has('source.connection.lost') ||
    frame.world.replies.some((reply) => reply.startsWith('watchSource')));
const isInPostcopy = (frame: Frame): boolean => {
  const [here, there] = lastLook(frame);
  const isFetched = has(here, ['inPostcopy', 'leftInPostcopy']) && there !== 'running';
  return isFetched || here === 'brokenPostcopy' || has(there, ['inPostcopy', 'brokenPostcopy']);
};
const when = (concerned: boolean, holds: () => boolean) => (concerned ? holds() : null);
const startsAny = ({ started }: Frame, ...ids: readonly string[]): boolean =>
  ids.some((id) => has(id, started));
const ends = (frame: Frame, outcome: string, holds: (output: ProtocolOutput) => boolean) =>
  frame.output?.outcome === outcome ? holds(frame.output) : null;
const timesOf = ({ world }: Frame, id: string): number =>
  world.walk.commands.filter((command) => command.do === 'startActor' && command.id === id).length;

const phaseOrder = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];
const slotOfPhase = {
  BEGIN3: 'begin',
  PREPARE: 'prepare',
  PERFORM3: 'perform',
  PERFORM3_DONE: 'finish',
  FINISH3: 'confirm',
  CONFIRM3: 'confirm',
  CONFIRM3_CANCELLED: 'confirmCancelled',
} as const;

/** What holds for every protocol, whatever the two hosts do. */
export const rules: Readonly<Record<string, Rule>> = {
  'a source is resumed only at rest, and never once its guest was seen on the destination': (
    frame,
  ) =>
    when(startsAny(frame, 'resume'), () => lastLook(frame)[0] === 'paused' && !wasSeenThere(frame)),

  'a source that may have switched over is resumed only when the destination holds nothing': (
    frame,
  ) =>
    when(startsAny(frame, 'resume') && mayHaveSwitched(frame), () => has(lastLook(frame)[1], gone)),

  'a source is destroyed only at rest, with the guest seen whole on the destination just now': (
    frame,
  ) =>
    when(
      startsAny(frame, 'destroy'),
      () =>
        has(lastLook(frame)[0], ['paused', 'leftInPostcopy']) &&
        has(lastLook(frame)[1], whole(frame)),
    ),

  'on the destination only a QEMU that was just seen waiting is ever ended': (frame) =>
    when(startsAny(frame, 'endIncoming'), () => lastLook(frame)[1] === 'incoming'),

  'neither half of a guest in post-copy is resumed or ended': (frame) =>
    when(
      isInPostcopy(frame) && frame.output === null,
      () => !startsAny(frame, 'resume', 'destroy', 'endIncoming'),
    ),

  'a copy is suspended as the older one only when both were seen running, and neither at rest since':
    ({ started, world: { looks } }) =>
      when(has('suspendOlderCopy', started), () => {
        const seen = looks.findLastIndex(
          ([here, there]) => has(here, runningHere) && has(there, runningThere),
        );
        return (
          seen !== -1 &&
          looks
            .slice(seen)
            .every(
              ([here, there]) =>
                has(here, [...runningHere, 'unreachable']) &&
                has(there, [...runningThere, 'unreachable']),
            )
        );
      }),

  'a guest is suspended to be forced only while it is being copied': (frame) =>
    when(
      startsAny(frame, 'suspendToForce'),
      () =>
        frame.world.walk.isIn(
          frame.isOurs ? 'migrating.execution.perform3' : 'migrating.phases.perform3',
        ) && !frame.world.walk.isIn('migrating.execution.uncertain'),
    ),

  'nothing is aborted, forced or tuned after the switchover, nor after the reply of the daemon': (
    frame,
  ) =>
    when(
      startsAny(
        frame,
        'abortJob',
        'suspendToForce',
        'startPostcopy',
        'setMaxDowntime',
        'setBandwidth',
      ),
      () =>
        !hasSwitched(frame) &&
        !wasSeenThere(frame) &&
        !has('perform libvirt.9', frame.world.replies),
    ),

  'post-copy begins only where it was permitted': (frame) =>
    when(
      startsAny(frame, 'startPostcopy'),
      () => frame.world.walk.snapshot.context.call.options.postcopy,
    ),

  'post-copy is taken up only after it was seen broken': (frame) =>
    when(startsAny(frame, 'recover', 'beginResume'), () =>
      frame.world.looks.some((seen) => seen.some((held) => held === 'brokenPostcopy')),
    ),

  'there is no dead end: an effect or a timer is on its way until the end': ({ world }) =>
    world.isAnythingComing !== world.isOver,

  'nothing is in flight after the end': ({ world, output }) =>
    when(output !== null, () => world.walk.inFlight.size + world.walk.timers.size === 0),

  'no phase is asked for twice': (frame) =>
    when(frame.started.length > 0, () =>
      ['begin', 'prepare', 'perform', 'finish', 'finishCancelled'].every(
        (id) => timesOf(frame, id) <= 1,
      ),
    ),

  'what the run knows survives JSON': ({ world, started }) => {
    const { context } = world.walk.snapshot;
    return when(started.length > 0, () =>
      isDeepStrictEqual(JSON.parse(JSON.stringify(context)), context),
    );
  },

  'phases are reported in order and without a gap, cancelled only in the end': ({ output }) =>
    output === null
      ? null
      : output.phases.every(({ phase }, index) =>
          phase === 'CONFIRM3_CANCELLED'
            ? index === output.phases.length - 1
            : phase === phaseOrder[index],
        ),

  'the downtime is counted once, and never below nothing': ({ output }) =>
    when(output !== null && output.downtimeMs !== null, () => (output?.downtimeMs ?? -1) >= 0),

  'a run to which everything fails ends all the same, and not as a success': (frame) =>
    when(frame.hopeless, () => frame.output !== null && frame.output.outcome !== 'completed'),

  'rolled back means: the guest is on the source, and was never seen on the destination': (frame) =>
    ends(
      frame,
      'rolledBack',
      () =>
        has(lastLook(frame)[0], stoodBefore(frame) ? ['running', 'paused', 'busy'] : ['running']) &&
        !wasSeenThere(frame),
    ),

  'rolled back after a possible switchover means: the destination was seen empty': (frame) =>
    mayHaveSwitched(frame) ? ends(frame, 'rolledBack', () => has(lastLook(frame)[1], gone)) : null,

  'rolled back leaves nothing behind, and says why': (frame) =>
    ends(frame, 'rolledBack', ({ failure }) => failure?.effect === 'none'),

  'completed means: a daemon said so, or both hosts showed it': (frame) =>
    ends(
      frame,
      'completed',
      ({ failure }) =>
        failure === null &&
        (frame.world.replies.some((reply) =>
          /^(perform|recover|confirm|confirmResume) done/.test(reply),
        ) ||
          (has(lastLook(frame)[0], [...gone, 'crashed']) && has(lastLook(frame)[1], whole(frame)))),
    ),

  'what is left to an operator names the guest and what each host holds': (frame) =>
    ends(
      frame,
      'needsOperator',
      ({ failure, peers }) =>
        failure?.effect === 'unknown' &&
        failure.message.includes('guest') &&
        (peers === null || failure.message.includes('; destination: ')),
    ),
};

/** What holds beside it where we send the phases ourselves. */
export const rulesOfOurs: Readonly<Record<string, Rule>> = {
  'a half is ended only where it was just seen to be broken, beside the whole guest': (frame) =>
    when(
      startsAny(frame, 'endHalf'),
      () => lastLook(frame)[0] === 'brokenPostcopy' && lastLook(frame)[1] === 'running',
    ),

  'Confirm is sent only for a guest that Finish or a look has shown on the destination': (frame) =>
    when(
      startsAny(frame, 'confirm'),
      () =>
        has('finish done guest', frame.world.replies) ||
        (has(lastLook(frame)[1], whole(frame)) && !has(lastLook(frame)[0], runningHere)),
    ),

  'after Finish, Confirm is sent as cancelled only for a guest that certainly does not run there': (
    frame,
  ) =>
    when(startsAny(frame, 'confirmCancelled', 'leaveHalf') && wasAsked(frame, 'finish'), () => {
      const [here, there] = lastLook(frame);
      // The source keeps its half then, and resumes nothing.
      if ([here, there].some((held) => held === 'brokenPostcopy')) return true;
      if (isInPostcopy(frame) || wasSeenThere(frame)) return false;
      return isHeldBack(frame) || has(there, gone);
    }),

  'Finish is cancelled only where it was never sent before': (frame) =>
    when(startsAny(frame, 'finishCancelled'), () => !wasAsked(frame, 'finish')),

  'Finish is sent only after the source has done its part': (frame) =>
    when(startsAny(frame, 'finish'), () =>
      frame.world.replies.some((reply) => reply.startsWith('perform done')),
    ),

  'the source hears one Confirm of the move, and no other after it was answered': (frame) =>
    when(
      startsAny(frame, 'confirm', 'confirmCancelled', 'leaveHalf'),
      () =>
        ['confirm', 'confirmCancelled', 'leaveHalf'].reduce(
          (sum, id) => sum + timesOf(frame, id),
          0,
        ) === 1,
    ),

  'no phase is sent without a link': (frame) =>
    when(
      startsAny(frame, 'begin', 'beginResume'),
      () => frame.world.walk.snapshot.context.link.source === 'open',
    ),

  'a phase is ours only when its call was made': (frame) =>
    when(frame.output !== null, () =>
      (frame.output?.phases ?? [])
        .filter(({ evidence }) => evidence === 'ours')
        .every(({ phase }) => wasAsked(frame, slotOfPhase[phase])),
    ),
};
