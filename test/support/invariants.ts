import { expect } from 'vitest';
import type { SimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import type {
  EngineFeed,
  InvariantMonitor,
  MonitorReport,
  TickRun,
} from '../../src/testing/index.ts';
import {
  describeViolation,
  monitorInvariants,
  pictureSimulated,
  simulatedEyes,
  simulatedTicks,
} from '../../src/testing/index.ts';

/** A monitor on a simulated world: it sees everything, and no fault of the world's strikes it. */
export function monitorSimulated(
  { world, clock }: { readonly world: SimulatedWorld; readonly clock: VirtualClock },
  domainUuid: string,
  events?: EngineFeed,
): InvariantMonitor {
  return monitorInvariants({
    hypervisors: world.hypervisors,
    hosts: world.listing().map(({ name }) => `simulated:///${name}`),
    clock,
    before: pictureSimulated(world, clock, domainUuid),
    eyes: simulatedEyes(world, clock, domainUuid),
    ticks: () => Promise.resolve(simulatedTicks(world, domainUuid)),
    ...(events === undefined ? {} : { events }),
  });
}

/** Just the rules that a test breaks on purpose are broken; what else is, is shown with its path. */
export function expectBroken({ violations }: MonitorReport, rules: readonly string[]): void {
  const untold = violations.filter(({ rule }) => !rules.includes(rule));
  expect(untold.map(describeViolation).join('\n\n')).toBe('');
  expect(violations.map(({ rule }) => rule).toSorted()).toEqual(rules.toSorted());
}

/** A guest's ticks as its serial log has them. */
export function toTickRuns(ticks: readonly { readonly n: number }[]): readonly TickRun[] {
  return ticks.map(({ n }) => ({ firstTick: n, lastTick: n }));
}
