import { array, constantFrom, nat, sample, tuple } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import type { ProtocolInput } from '../../machines/index.ts';
import type { ConvergencePolicy } from '../../machines/policy/migration/convergence.ts';
import { Adversary } from './adversary.ts';
import { direct, directTo } from './direct.ts';
import { domain, look } from './hosts.ts';
import type { Frame } from './invariants.ts';
import { rules, rulesOfOurs } from './invariants.ts';
import { advance, migrate } from './peer2peer.ts';
import { brokenIn, direct as drivenByUs, peer2peer as drivenBySource } from './postcopy-walks.ts';
import {
  budgeted,
  connectionLost,
  copyingInput,
  outputOf,
  planned,
  postcopyInput,
} from './protocol.ts';
import type { Walk } from './walk.ts';

const isNightly = process.env['VIRTSTATE_NIGHTLY'] === '1';

const plan = (policy: Partial<ConvergencePolicy>) => ({ convergence: planned(policy) });
const ramp = { startMs: 50, limitMs: 150, steps: 2, stepMsPerGib: 1_000 };
const precopy: readonly Partial<ProtocolInput>[] = [
  {},
  { ...budgeted('abort'), ...plan({ downtime: ramp, stallPasses: 2, onStall: 'raiseDowntime' }) },
  { ...budgeted('forceComplete'), call: copyingInput.call },
  plan({ stallPasses: 2, onStall: 'abort' }),
  { onSplitBrain: 'report' },
  { finishLeavesDefinition: true },
  { domain: { ...domain, state: 'paused', reason: 'user' } },
];
const postcopy: readonly Partial<ProtocolInput>[] = [
  postcopyInput,
  { ...postcopyInput, ...plan({ postcopyAfterPasses: 2 }), finishLeavesDefinition: true },
  { ...postcopyInput, ...budgeted('postcopy') },
];

/** The source was told to take its guest back, and nobody knows whether it has heard. */
const unconfirmed = (change: Partial<ProtocolInput>): Walk =>
  directTo('finish3', change)
    .fail('finish', connectionLost)
    .done('look', look('busy', 'absent'))
    .fail('confirmCancelled', connectionLost);

/** Whole over there, and the source is asked to end its half. */
const confirmingHalf = (change: Partial<ProtocolInput>): Walk => {
  const walk = brokenIn(drivenByUs, change).elapse('recoverAgain');
  for (const call of ['beginResume', 'prepareResume', 'performResume', 'finishResume'])
    walk.done(call, { holds: 'guest', atEpochMs: 70 });
  return walk;
};

/** Where a walk of the adversary begins: or it would hardly ever come to the late states. */
type Start = () => Walk;
const each = (
  changes: readonly Partial<ProtocolInput>[],
  starts: (change: Partial<ProtocolInput>) => Start[],
) => changes.flatMap(starts);

const ofSource: readonly Start[] = [
  ...each([...precopy, ...postcopy], (change) => [
    () => migrate(change),
    () => advance(migrate(change), 'perform3.precopying'),
    () => advance(migrate(change), 'perform3Done'),
    () => advance(migrate(change), 'perform3Done').fail('perform', connectionLost),
  ]),
  ...each(postcopy, (change) => [
    () => drivenBySource.over(drivenBySource.precopying(change)),
    () => brokenIn(drivenBySource, change),
  ]),
];
const ofOurs: readonly Start[] = [
  ...each([...precopy, ...postcopy], (change) => [
    () => direct(change),
    () => directTo('perform3', change),
    () => directTo('finish3', change),
    () => directTo('finish3', change).fail('finish', connectionLost),
    () => unconfirmed(change),
    () => directTo('confirm3', change),
  ]),
  ...each(postcopy, (change) => [
    () => drivenByUs.precopying(change),
    () => drivenByUs.over(drivenByUs.precopying(change)),
    () => brokenIn(drivenByUs, change),
    () => confirmingHalf(change),
  ]),
];

interface Finding {
  exercised: number;
  /** The shortest way on which the rule was broken. */
  broken: readonly string[] | null;
}

/** Plays many worlds against one protocol and tells what became of each rule. */
class Exploration {
  readonly #findings = new Map<string, Finding>();
  readonly #rules: typeof rules;
  readonly #isOurs: boolean;

  constructor(applied: typeof rules, isOurs: boolean) {
    this.#rules = applied;
    this.#isOurs = isOurs;
  }

  of(name: string): Finding {
    return this.#findings.get(name) ?? { exercised: 0, broken: null };
  }

  explore(start: Start, moves: readonly (readonly [number, number])[]): void {
    const world = new Adversary(start());
    for (const [kind, choice] of moves) {
      if (world.isOver) return;
      this.#examine(this.#frameAfter(world, () => world.play(kind, choice), false));
    }
    if (!world.isOver) this.#examine(this.#frameAfter(world, () => world.failEverything(), true));
  }

  #frameAfter(world: Adversary, move: () => void, hopeless: boolean): Frame {
    const { walk } = world;
    const before = walk.commands.length;
    move();
    const started = walk.commands
      .slice(before)
      .flatMap((command) => (command.do === 'startActor' ? [command.id] : []));
    const output = world.isOver ? outputOf(walk) : null;
    return { world, isOurs: this.#isOurs, started, output, hopeless };
  }

  #examine(frame: Frame): void {
    for (const [name, rule] of Object.entries(this.#rules)) {
      // What is asked for while everything fails is not looked at one by one.
      if (frame.hopeless && !hopelessRules.has(name)) continue;
      const holds = rule(frame);
      if (holds === null) continue;
      const finding = this.of(name);
      finding.exercised += 1;
      const { played } = frame.world;
      if (!holds && played.length < (finding.broken?.length ?? Infinity))
        finding.broken = [...played, `> ${frame.world.walk.states().join(' ')}`];
      this.#findings.set(name, finding);
    }
  }
}

const hopelessRules = new Set(
  Object.keys(rules).filter((name) => /everything fails|after the end|order|operator/.test(name)),
);

const worlds = [
  ['peer2peer', ofSource, rules, false],
  ['direct', ofOurs, { ...rules, ...rulesOfOurs }, true],
] as const;

describe.each(worlds)(
  'whatever the two hosts do to a %s migration',
  (protocol, starts, applied, isOurs) => {
    const exploration = new Exploration(applied, isOurs);
    const walks = tuple(
      constantFrom(...starts),
      array(tuple(nat(6), nat(5_000)), { maxLength: 35, size: 'max' }),
    );

    beforeAll(() => {
      const campaign = { seed: 20_260_821, numRuns: isNightly ? 100_000 : 4_500 };
      for (const [start, moves] of sample(walks, campaign)) exploration.explore(start, moves);
    }, 600_000);

    test.each(Object.keys(applied))('%s', (name) => {
      const { broken, exercised } = exploration.of(name);
      expect(broken, protocol).toBeNull();
      expect(exercised).toBeGreaterThan(20);
    });
  },
);
