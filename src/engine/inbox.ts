import type { EventObject } from 'xstate';

import type { ActiveRun } from './active-run.ts';
import type { Step } from './stepper.ts';

/** An event on its way to a run. */
export interface Envelope {
  readonly run: ActiveRun;
  readonly event: EventObject;
  /**
   * Asked when the event's turn has come: a reply or a timer of an earlier entry of a state must
   * not answer for the present one.
   */
  readonly isCurrent: () => boolean;
}

/** A run whose first step is computed and not yet on record. */
export interface Beginning {
  readonly run: ActiveRun;
  readonly input: unknown;
  readonly step: Step;
}
