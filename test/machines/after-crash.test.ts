import { array, nat, sample, tuple } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';

import type { ProtocolOutput } from '../../machines/index.ts';
import { hasReached } from '../../machines/policy/migration/phases.ts';
import type { ProtocolContext } from '../../machines/policy/migration/protocol-context.ts';
import { bindDirectMigration } from '../../src/bindings/direct-migration.ts';
import { bindPeer2peerMigration } from '../../src/bindings/peer2peer-migration.ts';
import type { SlotTable } from '../../src/engine/slots.ts';
import { statesOf } from '../support/machine-parts.ts';
import { Adversary } from './adversary.ts';
import type { Holdings, Order } from './crash-world.ts';
import { crash, liveWorld, orders, settle } from './crash-world.ts';
import { directTo } from './direct.ts';
import { advance, migrate } from './peer2peer.ts';
import { brokenIn, direct as drivenByUs, peer2peer as drivenBySource } from './postcopy-walks.ts';
import { connectionLost, copyingInput, planned, postcopyInput } from './protocol.ts';
import type { Walk } from './walk.ts';

/** Nobody is asked for anything here: only the classes of the slots count. */
const nowhere = {
  open: () => Promise.reject(new Error('no host')),
  linkMigration: () => Promise.reject(new Error('no host')),
  close: () => Promise.resolve(),
};

/** What both hosts hold when we come back, and how the run may end then. */
const worlds: readonly (readonly [string, Holdings, (outcome: string, knew: Knew) => boolean])[] = [
  ['the guest on the source', ['running', 'absent'], isBack],
  ['the guest paused on the source', ['paused', 'absent'], isBack],
  ['an empty QEMU left on the destination', ['running', 'incoming'], isBack],
  ['the job of the source still going on', ['busy', 'incoming'], isBack],
  ['the guest on the destination', ['absent', 'running'], hasMoved],
  ['an older copy left on the source', ['paused', 'running'], hasMoved],
  ['post-copy still fetching', ['inPostcopy', 'inPostcopy'], hasMoved],
  ['two copies', ['running', 'running'], isForOperators],
  ['post-copy broken', ['brokenPostcopy', 'brokenPostcopy'], isForOperators],
  ['nobody answering', ['unreachable', 'unreachable'], isForOperators],
];

function isBack(outcome: string, { wasThere }: Knew): boolean {
  return outcome === 'rolledBack' || (wasThere && isForOperators(outcome));
}

function hasMoved(outcome: string, { twoRan }: Knew): boolean {
  return outcome === 'completed' || (twoRan && isForOperators(outcome));
}

function isForOperators(outcome: string): boolean {
  return outcome === 'needsOperator';
}

/** What the run knew before it died. */
interface Knew {
  /** The guest was seen on the destination, or may have gone there and left no trace. */
  readonly wasThere: boolean;
  readonly twoRan: boolean;
}

/** Short, or every wait would be a hundred looks. */
const waits = { peerWaitMs: 5_000, postcopyWaitMs: 10_000 };
const leaves = { ...waits, finishLeavesDefinition: true };
const ramp = { startMs: 50, limitMs: 150, steps: 2, stepMsPerGib: 1_000 };
const budget = { baseMs: 5_000, msPerGib: 0 };
const changes = [
  waits,
  { ...leaves, convergence: planned({ budget, onBudget: 'abort', downtime: ramp }) },
  {
    ...leaves,
    convergence: planned({ budget, onBudget: 'forceComplete' }),
    call: copyingInput.call,
  },
  { ...leaves, convergence: planned({ postcopyAfterPasses: 2 }), call: postcopyInput.call },
] as const;

/** The attempt to take post-copy up has worked, up to its last phase. */
const confirmsResume = (walk: Walk): Walk =>
  walk
    .done('beginResume', { atEpochMs: 70 })
    .done('prepareResume', { atEpochMs: 71 })
    .done('performResume', { atEpochMs: 72 })
    .done('finishResume', { holds: 'guest', atEpochMs: 80 });

const starts: Readonly<Record<'peer2peer' | 'direct', readonly (() => Walk)[]>> = {
  peer2peer: changes.flatMap<() => Walk>((change) => [
    () => migrate(change),
    () => advance(migrate(change), 'perform3.precopying'),
    () => advance(migrate(change), 'confirm3'),
    () => advance(migrate(change), 'perform3Done').fail('perform', connectionLost),
    () => drivenBySource.precopying(change).send({ type: 'postcopy.start' }),
    () => drivenBySource.over(drivenBySource.precopying(change)),
    () => brokenIn(drivenBySource, change),
  ]),
  direct: changes.flatMap<() => Walk>((change) => [
    () => directTo('linking', change),
    () => directTo('perform3', change),
    () => directTo('finish3', change),
    () => directTo('confirm3', change),
    () => directTo('finish3', change).fail('finish', connectionLost),
    () => drivenByUs.precopying(change),
    () => drivenByUs.precopying(change).send({ type: 'postcopy.start' }),
    () => drivenByUs.over(drivenByUs.precopying(change)),
    () => brokenIn(drivenByUs, change),
    () => brokenIn(drivenByUs, change).elapse('recoverAgain'),
    () => confirmsResume(brokenIn(drivenByUs, change).elapse('recoverAgain')),
  ]),
};

/** Never rests there: it goes on at once. */
function isPassedThrough(state: ReturnType<typeof statesOf>[number]): boolean {
  return (state.always ?? []).some(({ guard, target }) => guard === undefined && target?.length);
}

function restingStates(machine: AnyStateMachine): string[] {
  return statesOf(machine)
    .filter((state) => state.type === 'atomic' && !isPassedThrough(state))
    .map(({ path }) => path.join('.'));
}

/** The phases, none of which may be asked for a second time. */
const phases = ['begin', 'prepare', 'perform', 'finish', 'confirm'];

/** Of each state so many walks that rest there are kept. */
const samplesPerState = 2;

class Found {
  readonly walks = new Map<string, Walk[]>();

  keep(walk: Walk): void {
    for (const state of walk.states()) {
      const kept = this.walks.get(state) ?? [];
      if (kept.length < samplesPerState) kept.push(walk.fork());
      this.walks.set(state, kept);
    }
  }
}

function explore(protocol: keyof typeof starts): Found {
  const found = new Found();
  const moves = array(tuple(nat(6), nat(5_000)), { minLength: 5, maxLength: 30, size: 'max' });
  const campaign = { seed: 20_261_120, numRuns: 900 };
  for (const [index, played] of sample(moves, campaign).entries()) {
    const start = starts[protocol][index % starts[protocol].length];
    const world = new Adversary((start ?? (() => migrate()))());
    for (const [kind, choice] of played) {
      if (world.isOver) break;
      found.keep(world.walk);
      world.play(kind, choice);
    }
  }
  return found;
}

function knewOf({ snapshot }: Walk): Knew {
  const context: ProtocolContext = snapshot.context;
  const { drives, finish, finishLeavesDefinition, reached, resumedAtEpochMs } = context;
  const seen = resumedAtEpochMs !== null || hasReached(reached, 'finish3');
  // Nobody watched, and nothing on the destination would tell of a guest that came and ended.
  const mayHaveGone = drives === 'sourceDaemon' || finish === 'asked';
  return {
    wasThere: seen || (mayHaveGone && !finishLeavesDefinition),
    twoRan: context.sawSplitBrain,
  };
}

const protocols = [
  ['peer2peer', bindPeer2peerMigration(nowhere)],
  ['direct', bindDirectMigration(nowhere)],
] as const;

describe.each(protocols)('a %s migration whose process dies', (protocol, bound) => {
  const { machine, slots } = bound;
  const states = restingStates(machine);
  let found = new Found();
  beforeAll(() => {
    found = explore(protocol);
  }, 120_000);

  test.each(states)('in %s, is taken up, looks, and ends by what it sees', (state) => {
    const kept = found.walks.get(state) ?? [];
    expect(kept.length).toBeGreaterThan(0);
    for (const walk of kept)
      for (const order of orders)
        for (const [what, holdings, fits] of worlds) {
          const { outcome, looks, repeated } = takenUp(walk, slots, order, holdings);
          const about = `${what}, ${order} first, from ${walk.states().join(' ')}: ${outcome}`;
          expect(looks, about).toBeGreaterThan(0);
          expect(repeated, about).toEqual([]);
          expect(fits(outcome, knewOf(walk)), about).toBe(true);
        }
  });

  test.each(states)('in %s, has a record that JSON holds whole', (state) => {
    for (const walk of found.walks.get(state) ?? []) {
      const persisted = walk.persisted();
      expect(JSON.parse(JSON.stringify(persisted))).toEqual(persisted);
    }
  });
});

function takenUp(before: Walk, slots: SlotTable, order: Order, holdings: Holdings) {
  const walk = before.fork();
  crash(walk, slots, order);
  const looks = settle(walk, liveWorld(holdings));
  expect(walk.snapshot.status, `hangs in ${walk.states().join(' ')}`).toBe('done');
  const { outcome } = walk.output() as ProtocolOutput;
  const begun = before.commands.flatMap((each) => (each.do === 'startActor' ? [each.id] : []));
  const repeated = walk.commands.flatMap((each) =>
    each.do === 'startActor' && phases.includes(each.id) && begun.includes(each.id) ? each.id : [],
  );
  return { outcome, looks, repeated };
}
