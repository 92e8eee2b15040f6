import { isDeepStrictEqual } from 'node:util';
import { array, constantFrom, nat, sample, tuple } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import type { ProtocolInput, ProtocolOutput } from '../../machines/index.ts';
import { plainOptions } from '../support/migration-options.ts';
import { Adversary } from './adversary.ts';
import { domain } from './hosts.ts';
import { copyingInput, migrate, outputOf } from './peer2peer.ts';

const isNightly = process.env['VIRTSTATE_NIGHTLY'] === '1';
const campaign = { seed: 20_260_821, numRuns: isNightly ? 100_000 : 8_000 };

const limited: ProtocolInput['call'] = {
  ...copyingInput.call,
  options: { ...plainOptions, maxDowntimeMs: 100 },
};
const requests: readonly Partial<ProtocolInput>[] = [
  {},
  { timeoutMs: 5_000, onTimeout: 'abort', call: limited },
  { timeoutMs: 5_000, onTimeout: 'forceComplete', call: copyingInput.call },
  { onSplitBrain: 'report' },
  { finishLeavesDefinition: true },
  { domain: { ...domain, state: 'paused', reason: 'user' } },
];
const walks = tuple(
  constantFrom(...requests),
  array(tuple(nat(5), nat(5_000)), { maxLength: 60, size: 'max' }),
);

/** The world after one move. */
interface Frame {
  readonly world: Adversary;
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

const lastLook = ({ world }: Frame) => world.looks.at(-1) ?? ['unreachable', 'unreachable'];
const stoodBefore = ({ world }: Frame): boolean =>
  world.walk.snapshot.context.domain.state === 'paused';
const whole = (frame: Frame) => (stoodBefore(frame) ? ['running', 'pausedByUser'] : ['running']);
const wasSeenThere = ({ world }: Frame): boolean =>
  world.events.has('destination.domain.resumed migrated') ||
  world.looks.some(([, there]) => has(there, ['running', 'pausedByUser', 'pausedByError']));
const mayHaveSwitched = ({ world }: Frame): boolean =>
  world.events.has('source.migration.completed') ||
  world.events.has('source.connection.lost') ||
  world.replies.some((reply) => reply.startsWith('watchSource'));
const when = (concerned: boolean, holds: () => boolean) => (concerned ? holds() : null);
const ends = (frame: Frame, outcome: string, holds: (output: ProtocolOutput) => boolean) =>
  frame.output?.outcome === outcome ? holds(frame.output) : null;

const phaseOrder = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];

const rules: Readonly<Record<string, Rule>> = {
  'a source is resumed only at rest, and never once its guest was seen on the destination': (
    frame,
  ) =>
    when(has('resume', frame.started), () => {
      return lastLook(frame)[0] === 'paused' && !wasSeenThere(frame);
    }),

  'a source that may have switched over is resumed only when the destination holds nothing': (
    frame,
  ) =>
    when(has('resume', frame.started) && mayHaveSwitched(frame), () =>
      has(lastLook(frame)[1], gone),
    ),

  'a source is destroyed only at rest, with the guest seen on the destination just now': (frame) =>
    when(
      has('destroy', frame.started),
      () => lastLook(frame)[0] === 'paused' && has(lastLook(frame)[1], whole(frame)),
    ),

  'on the destination only a QEMU that was just seen waiting is ever ended': (frame) =>
    when(has('endIncoming', frame.started), () => lastLook(frame)[1] === 'incoming'),

  'a copy is suspended as the older one only when both were seen running, and neither at rest since':
    ({ started, world: { looks } }) =>
      when(has('suspendOlderCopy', started), () => {
        const seen = looks.findLastIndex((each) => isDeepStrictEqual(each, ['running', 'running']));
        const since = looks.slice(seen).flat();
        return seen !== -1 && since.every((each) => has(each, ['running', 'unreachable']));
      }),

  'a guest is suspended to be forced only while it is being copied': (frame) =>
    when(
      has('suspendToForce', frame.started),
      () =>
        frame.world.walk.isIn('migrating.phases.perform3') &&
        !frame.world.walk.isIn('migrating.execution.uncertain'),
    ),

  'nothing is aborted after the switchover, nor after the reply of the daemon': (frame) =>
    when(
      has('abortJob', frame.started),
      () =>
        !frame.world.events.has('source.migration.completed') &&
        !wasSeenThere(frame) &&
        !has('perform libvirt.9', frame.world.replies),
    ),

  'there is no dead end: an effect or a timer is on its way until the end': ({ world }) =>
    world.effectsInFlight().length + world.walk.timers.size > 0 !== world.isOver,

  'nothing is in flight after the end': ({ world, output }) =>
    when(output !== null, () => world.walk.inFlight.size + world.walk.timers.size === 0),

  'the migration is asked for once': ({ world }) =>
    world.walk.started().filter((src) => src === 'performMigration').length === 1,

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

  'a run to which everything fails ends all the same, and not as a success': (frame) =>
    when(frame.hopeless, () => frame.output !== null && frame.output.outcome !== 'completed'),

  'rolled back means: the guest is on the source, and was never seen on the destination': (frame) =>
    ends(
      frame,
      'rolledBack',
      () =>
        has(lastLook(frame)[0], stoodBefore(frame) ? ['running', 'paused'] : ['running']) &&
        !wasSeenThere(frame),
    ),

  'rolled back after a possible switchover means: the destination was seen empty': (frame) =>
    mayHaveSwitched(frame) ? ends(frame, 'rolledBack', () => has(lastLook(frame)[1], gone)) : null,

  'rolled back leaves nothing behind, and says why': (frame) =>
    ends(frame, 'rolledBack', ({ failure }) => failure?.effect === 'none'),

  'completed means: the daemon said so, or both hosts showed it': (frame) =>
    ends(
      frame,
      'completed',
      ({ failure }) =>
        failure === null &&
        (has('perform done', frame.world.replies) ||
          (has(lastLook(frame)[0], gone) && has(lastLook(frame)[1], whole(frame)))),
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

interface Finding {
  exercised: number;
  /** The shortest way on which the rule was broken. */
  broken: readonly string[] | null;
}

const findings = new Map<string, Finding>();

function examine(frame: Frame): void {
  for (const [name, rule] of Object.entries(rules)) {
    const holds = rule(frame);
    if (holds === null) continue;
    const finding = findings.get(name) ?? { exercised: 0, broken: null };
    finding.exercised += 1;
    const { played } = frame.world;
    if (!holds && played.length < (finding.broken?.length ?? Infinity))
      finding.broken = [...played];
    findings.set(name, finding);
  }
}

function explore(request: Partial<ProtocolInput>, moves: readonly (readonly [number, number])[]) {
  const world = new Adversary(migrate(request));
  const { walk } = world;
  const frameAfter = (move: () => void, hopeless: boolean): Frame => {
    const before = walk.commands.length;
    move();
    const started = walk.commands
      .slice(before)
      .flatMap((command) => (command.do === 'startActor' ? [command.id] : []));
    return { world, started, output: world.isOver ? outputOf(walk) : null, hopeless };
  };
  for (const [kind, choice] of moves) {
    if (world.isOver) return;
    examine(frameAfter(() => world.play(kind, choice), false));
  }
  if (!world.isOver) examine(frameAfter(() => world.failEverything(), true));
}

beforeAll(() => {
  for (const [request, moves] of sample(walks, campaign)) explore(request, moves);
}, 600_000);

describe('whatever the two hosts do', () => {
  test.each(Object.keys(rules))('%s', (name) => {
    const finding = findings.get(name);
    expect(finding?.broken ?? null).toBeNull();
    expect(finding?.exercised).toBeGreaterThan(20);
  });
});
