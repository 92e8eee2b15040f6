import type { Rule } from '../rule.ts';
import { definitionKept } from './definition-kept.ts';
import { guestContinuous } from './guest-continuous.ts';
import { noWayBack } from './no-way-back.ts';
import { notLeftPaused } from './not-left-paused.ts';
import { nothingLeaked } from './nothing-leaked.ts';
import { onePlace } from './one-place.ts';
import { oneRunningCopy } from './one-running-copy.ts';
import { othersUntouched } from './others-untouched.ts';
import { progressForward } from './progress-forward.ts';

/** In the order of the invariants; the sixth has nothing yet that could break it. */
export const allRules: readonly Rule[] = [
  oneRunningCopy,
  onePlace,
  definitionKept,
  notLeftPaused,
  nothingLeaked,
  guestContinuous,
  noWayBack,
  progressForward,
  othersUntouched,
];
