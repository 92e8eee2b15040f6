import { z } from 'zod';

import type { StateEntered } from '../../engine/events.ts';
import type { Run } from '../../engine/run.ts';
import { placeOf } from '../../ports/disk-source.ts';
import { diskSource } from '../../requests/index.ts';
import { decisionSteps } from '../display/records/decision-words.ts';
import type { RunResult } from '../display/run-result.ts';
import { madeByRun } from '../display/run-result.ts';

export type WaitingResult = Extract<RunResult, { ended: 'waiting' }>;

const image = z.looseObject({ source: diskSource, format: z.string() });
const waitingContext = z.looseObject({
  swaps: z.array(z.looseObject({ targetDev: z.string(), from: image, to: image })),
  notes: z.array(z.string()),
  artefacts: z.array(madeByRun),
});

/**
 * Resolves when the run comes to where only a person's word goes on with it; where it stands so
 * already, when it comes there again.
 *
 * @param more options that a command needs to find the run
 */
export function untilWaiting(run: Pick<Run, 'id' | 'on'>, more: string): Promise<WaitingResult> {
  const { promise, resolve } = Promise.withResolvers<WaitingResult>();
  run.on('state.entered', (event) => {
    if (event.tags.includes('awaitingConfirmation')) resolve(toWaiting(run.id, event, more));
  });
  return promise;
}

function toWaiting(run: string, { atEpochMs, context }: StateEntered, more: string): WaitingResult {
  const { artefacts, notes, swaps } = waitingContext.parse(context);
  const swapped = swaps.map(({ from, targetDev, to }) => ({
    targetDev,
    volume: placeOf(to.source),
    format: to.format,
    oldVolume: placeOf(from.source),
    resizedToBytes: null,
  }));
  const steps = decisionSteps(run, more);
  return { ended: 'waiting', atEpochMs, run, artefacts, told: { swapped, notes }, steps };
}
