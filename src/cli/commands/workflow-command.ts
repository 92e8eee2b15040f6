import { z } from 'zod';

import { BusyError, EngineError } from '../../engine/engine-error.ts';
import type { Composition } from '../compose.ts';
import { compose, openStore } from '../compose.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { busyWords, GivenUp, queueing } from '../driving/queueing.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { storePlaceOf, storeWords } from '../records/with-store.ts';
import type { Judgement } from '../workflows/judges.ts';
import { nearestThere } from '../workflows/nearest-there.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';
import { driveWorkflow } from './drive-workflow.ts';
import { dryRun } from './dry-run.ts';

const given = z.literal(true).optional();
const ownOptions = z.object({ dryRun: given, commands: given, wait: given });

/** What a command asks for, read and checked. */
export interface AskedWorkflow {
  readonly shown: ShownWorkflow;
  /** Of that machine. */
  readonly input: unknown;
  /** Every check of the workflow, judged now; reads only. @throws FailureError */
  judge(composition: Composition, signal: AbortSignal): Promise<Judgement>;
}

/**
 * A command that runs one workflow to its end, or with `--dry-run` judges its checks.
 *
 * @param read what is wrong with the options, it throws before anything is opened
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export async function runWorkflow(
  options: Record<string, unknown>,
  surroundings: Surroundings,
  read: () => AskedWorkflow | Promise<AskedWorkflow>,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { dryRun: wantsDryRun, commands, wait } = ownOptions.parse(options);
  const place = storePlaceOf(options, surroundings);
  const asked = await read();
  const { config, inspectUri, output } = surroundings;
  const log = createLog(logLevel, output);
  if (wantsDryRun === true) {
    const composition = compose({ log, config });
    try {
      const judge = (signal: AbortSignal) => asked.judge(composition, signal);
      const nearest = (check: string) => nearestThere(composition.hypervisors, asked.shown, check);
      return await dryRun({ judge, nearest, style }, output);
    } finally {
      await composition.close();
    }
  }
  const composition = compose({ log, config, inspectUri, store: await openStore(place) });
  try {
    const { input, shown } = asked;
    const task = {
      input,
      shown,
      style,
      more: storeWords(options),
      takesCommands: commands === true,
      waits: wait === true,
    };
    return await begin(composition, task, surroundings);
  } finally {
    await composition.close();
  }
}

interface Task {
  readonly shown: ShownWorkflow;
  readonly input: unknown;
  readonly style: Style;
  readonly more: string;
  readonly takesCommands: boolean;
  readonly waits: boolean;
}

/** What cannot begin has touched nothing. */
async function begin(
  composition: Composition,
  { waits, ...task }: Task,
  surroundings: Surroundings,
): Promise<number> {
  const { output, now } = surroundings;
  const queue = waits ? queueing({ style: task.style, output, now }) : null;
  try {
    const start = queue?.start ?? {};
    const onStarted = (): void => queue?.release();
    return (await driveWorkflow(composition, { ...task, start, onStarted }, surroundings)).status;
  } catch (error) {
    if (error instanceof GivenUp) {
      output.say('virtstate: given up while it waited; nothing was touched');
      return exitStatus.aborted;
    }
    if (!(error instanceof EngineError)) throw error;
    const reason = error instanceof BusyError ? busyWords(error) : oneLine(error.message);
    output.say(`virtstate: refused: ${reason}; nothing was touched`);
    return exitStatus.refused;
  } finally {
    queue?.release();
  }
}
