import { describe, expect, test } from 'vitest';

import { bindLiveMigration } from '../../src/bindings/live-migration.ts';
import { crash, orders } from './crash-world.ts';
import { look } from './hosts.ts';
import { moved, outputOf, rolledBack, settled } from './live.ts';
import type { Walk } from './walk.ts';

const { slots } = bindLiveMigration({
  open: () => Promise.reject(new Error('no host')),
  linkMigration: () => Promise.reject(new Error('no host')),
  close: () => Promise.resolve(),
});

const whole = settled({ persistent: true }, null);
/** What is left to do when the guest has moved. */
const concluding: readonly (readonly [string, () => Walk])[] = [
  ['verifying', () => moved()],
  ['waiting', () => moved().done('verify', look('unreachable', 'running'))],
  ['persistingOnDestination', () => moved().done('verify', settled({ persistent: false }, null))],
  ['undefiningOnSource', () => moved().done('verify', settled({ persistent: true }, {}))],
  ['removingSourceDisks', () => moved({ sourceDisk: 'delete' }).done('verify', whole)],
];
/** What is left to do when it has not. */
const cleaningUp: readonly (readonly [string, () => Walk])[] = [
  ['looking', () => rolledBack()],
  ['waiting', () => rolledBack().done('lookForRemains', look('running', 'unreachable'))],
  ['endingIncoming', () => rolledBack().done('lookForRemains', look('running', 'incoming'))],
  ['removingVolumes', () => rolledBack().done('lookForRemains', look('running', 'absent'))],
];

/** Whatever is asked of the hosts is answered well, and what nothing is asked in is waited for. */
function goOn(walk: Walk, seen: object): void {
  for (let step = 0; step < 20 && !walk.isIn('releasing'); step += 1) {
    const [asked] = walk.inFlight.values();
    if (asked === undefined) walk.elapse('askAgain');
    else if (asked.src === 'inspectPeers') walk.done(asked.id, seen);
    else walk.done(asked.id, { removed: [] });
  }
}

describe.each(orders)('a process that dies for long, %s first', (order) => {
  test.each(concluding)('while concluding: %s, leaves nothing undone', (state, to) => {
    const walk = to();
    expect(walk.isIn(`concluding.${state}`)).toBe(true);
    crash(walk, slots, order);
    expect(walk.isIn('concluding')).toBe(true);
    goOn(walk, whole);
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test.each(cleaningUp)('while cleaning up: %s, looks before it takes away', (state, to) => {
    const walk = to();
    expect(walk.isIn(`cleaningUp.${state}`)).toBe(true);
    crash(walk, slots, order);
    expect(walk.isIn('cleaningUp')).toBe(true);
    goOn(walk, look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });
});
