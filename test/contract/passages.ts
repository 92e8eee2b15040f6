import { expect } from 'vitest';
import type { Watched } from './watched.ts';

/** What QEMU and the daemon of the source tell of a memory copy that ends well. */
export const switchover = [
  'suspended migrated',
  'migrationStatus pre-switchover',
  'migrationStatus device',
  'migrationStatus completed',
  'stopped migrated',
  'jobCompleted',
];
/** How it begins; then pass follows pass. */
export const memoryCopy = ['migrationStatus setup', 'iteration 1', 'migrationStatus active'];
/** What the destination tells of a guest that arrives. */
export const arrival = [
  'migrationStatus setup',
  'started migrated',
  'migrationStatus active',
  'migrationStatus completed',
  'resumed migrated',
];

/** How many passes there are depends on the guest; that they count up does not. */
export function withoutLaterPasses({ events }: Watched): string[] {
  const passes = events.filter((event) => event.startsWith('iteration '));
  expect(passes).toEqual(passes.map((_, index) => `iteration ${index + 1}`));
  return events.filter((event) => !passes.includes(event) || event === 'iteration 1');
}
