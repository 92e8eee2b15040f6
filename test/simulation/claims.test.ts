import { beforeAll, describe, expect, test } from 'vitest';

import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { claimDomain, releaseClaims } from '../../src/bindings/claims.ts';
import type { StandingClaim } from '../../src/ports/claim.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { noLog } from '../../src/ports/log.ts';
import { ChosenOrder } from '../support/chosen-order.ts';
import { unending } from './scene.ts';

const host = 'simulated:///hostA';
const domainUuid = '11111111-2222-3333-4444-555555555555';
const stale: StandingClaim = { run: 'dead', details: { engine: 'hostC:1', sinceEpochMs: -1 } };

interface Situation {
  readonly standing?: readonly StandingClaim[];
  readonly breakClaims?: readonly string[];
  /** Of the two, the one that dies after so many steps. */
  readonly dies?: { readonly who: string; readonly after: number };
  /** Whoever gets it keeps it. */
  readonly keep?: boolean;
}

/** Two runs of two engines that want one domain, each as its chart does it. */
class Race {
  readonly clock = new ChosenOrder();
  readonly verdicts = new Map<string, 'has it' | 'refused'>();
  readonly steps = new Map<string, number>();
  /** Those who work on the domain now, and how many there ever were at once. */
  readonly inside = new Set<string>();
  mostInside = 0;
  /** Those whose claim did not stand while they worked on it. */
  readonly unclaimed: string[] = [];
  readonly #situation: Situation;
  readonly #hypervisors: Hypervisors;
  #standing: () => readonly string[];

  constructor(situation: Situation) {
    this.#situation = situation;
    const world = createSimulatedWorld({
      seed: 1,
      clock: this.clock,
      hosts: [{ name: 'hostA' }],
      domains: [
        { name: 'guest', host: 'hostA', uuid: domainUuid, claims: situation.standing ?? [] },
      ],
      link: { bandwidthBytesPerS: 1 },
      faults: [],
    });
    this.#hypervisors = world.hypervisors;
    this.#standing = () => world.listing()[0]?.domains[0]?.claims ?? [];
  }

  get standing(): readonly string[] {
    return this.#standing();
  }

  async begin(): Promise<void> {
    for (const who of ['first', 'second']) await this.clock.begin(who, () => void this.#claim(who));
  }

  /** Those who are alive and not done. */
  get ready(): string[] {
    const { dies } = this.#situation;
    return this.clock.ready.filter(
      (who) => who !== dies?.who || (this.steps.get(who) ?? 0) < dies.after,
    );
  }

  async step(who: string): Promise<void> {
    this.steps.set(who, (this.steps.get(who) ?? 0) + 1);
    await this.clock.step(who);
  }

  async #claim(who: string): Promise<void> {
    const { breakClaims = [] } = this.#situation;
    const tools = { clock: this.clock, key: `${who}/claim#1`, log: noLog, signal: unending };
    const request = { host, domainUuid, breakClaims };
    const release = (held: boolean) =>
      releaseClaims(this.#hypervisors, { domainUuid, hosts: [host], run: who, held }, tools);
    const answer = await claimDomain(this.#hypervisors, request, tools).catch(() => null);
    if (answer === null || answer.others.length > 0) {
      await release(false);
      this.verdicts.set(who, 'refused');
      return;
    }
    this.verdicts.set(who, 'has it');
    if (this.#situation.keep === true) return;
    this.inside.add(who);
    this.mostInside = Math.max(this.mostInside, this.inside.size);
    await delay(this.clock, 1, unending);
    if (!this.standing.includes(who)) this.unclaimed.push(who);
    this.inside.delete(who);
    await release(true);
  }
}

/** Every order in which the two can come, each played from the beginning. */
async function everyOrder(situation: Situation): Promise<Race[]> {
  const races: Race[] = [];
  const open: string[][] = [[]];
  for (let order = open.pop(); order !== undefined; order = open.pop()) {
    const race = new Race(situation);
    await race.begin();
    for (const who of order) await race.step(who);
    const chosen = [...order];
    for (let { ready } = race; ready.length > 0; { ready } = race) {
      const [next = '', ...others] = ready;
      open.push(...others.map((other) => [...chosen, other]));
      chosen.push(next);
      await race.step(next);
    }
    races.push(race);
  }
  return races;
}

const holdersOf = ({ verdicts }: Race): string[] =>
  [...verdicts].flatMap(([who, verdict]) => (verdict === 'has it' ? [who] : []));

describe.each([
  ['a free domain', { keep: true }],
  [
    'a domain of which both break the stale claim',
    { standing: [stale], breakClaims: [stale.run], keep: true },
  ],
] as const)('of two that want %s, in every order of their calls', (_, situation) => {
  let races: readonly Race[] = [];
  beforeAll(async () => {
    races = await everyOrder(situation);
  });

  test('never both get it', () => {
    expect(races.length).toBeGreaterThan(10);
    for (const race of races) {
      expect(race.verdicts.size).toBe(2);
      expect(holdersOf(race).length).toBeLessThan(2);
    }
  });

  test('each gets it in some orders, and neither where both come at the same moment', () => {
    const outcomes = new Set(races.map((race) => holdersOf(race).join()));
    expect(outcomes).toEqual(new Set(['first', 'second', '']));
  });

  test('whoever is refused leaves no claim, and whoever has it has one', () => {
    for (const race of races) {
      const others = race.standing.filter((run) => run !== stale.run);
      expect(others).toEqual(holdersOf(race));
    }
  });
});

test.each([0, 1, 2, 3])(
  'one that dies after %i steps leaves the other the domain or its claim, never the domain twice',
  async (after) => {
    for (const race of await everyOrder({ keep: true, dies: { who: 'first', after } })) {
      expect(holdersOf(race).length).toBeLessThan(2);
      const isRefused = race.verdicts.get('second') === 'refused';
      const sawFirst = race.standing.includes('first') || race.verdicts.get('first') === 'refused';
      // Refused for nothing it would be for ever.
      if (isRefused) expect(sawFirst).toBe(true);
      else expect(race.standing).toContain('second');
    }
  },
);

test('a domain with the claim of a dead run is refused until that is to be broken', async () => {
  for (const race of await everyOrder({ standing: [stale] })) {
    expect(holdersOf(race)).toEqual([]);
    expect(race.standing).toEqual([stale.run]);
  }
});

test('of two that claim, work and release, never both are at it, and both leave nothing behind', async () => {
  const races = await everyOrder({});
  expect(races.length).toBeGreaterThan(60);
  const outcomes = new Set<string>();
  for (const race of races) {
    expect(race.mostInside).toBeLessThan(2);
    expect(race.unclaimed).toEqual([]);
    expect(race.standing).toEqual([]);
    outcomes.add(holdersOf(race).toSorted().join());
  }
  expect(outcomes).toEqual(new Set(['', 'first', 'second', 'first,second']));
});
