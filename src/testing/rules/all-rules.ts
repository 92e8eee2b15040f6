import type { Rule } from '../rule.ts';
import { definitionKept } from './definition-kept.ts';
import { devicesBack } from './devices-back.ts';
import { guestContinuous } from './guest-continuous.ts';
import { noWayBack } from './no-way-back.ts';
import { notLeftFrozen } from './not-left-frozen.ts';
import { notLeftPaused } from './not-left-paused.ts';
import { nothingLeaked } from './nothing-leaked.ts';
import { onePlace } from './one-place.ts';
import { oneRunningCopy } from './one-running-copy.ts';
import { othersUntouched } from './others-untouched.ts';
import { progressForward } from './progress-forward.ts';

/** In the order of the invariants. */
export const allRules: readonly Rule[] = [
  oneRunningCopy,
  onePlace,
  definitionKept,
  notLeftPaused,
  notLeftFrozen,
  nothingLeaked,
  devicesBack,
  guestContinuous,
  noWayBack,
  progressForward,
  othersUntouched,
];
