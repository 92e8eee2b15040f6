import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import { BusyError, EngineError } from '../../engine/engine-error.ts';
import type { Composition } from '../compose.ts';
import { compose, openStore } from '../compose.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { busyWords, GivenUp, queueing } from '../driving/queueing.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { readDomainXmlFile } from '../options/domain-xml-file.ts';
import { readMigration } from '../options/migrate-options.ts';
import { readPolicy } from '../options/policy-file.ts';
import { storePlaceOf } from '../records/with-store.ts';
import { driveMigration } from './drive-migration.ts';
import { dryRun } from './dry-run.ts';

const given = z.literal(true).optional();
const ownOptions = z.object({
  xml: z.string().optional(),
  policy: z.string().optional(),
  dryRun: given,
  commands: given,
  wait: given,
});

/**
 * `virtstate migrate`.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export async function migrate(
  domain: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { xml, policy, dryRun: wantsDryRun, commands, wait } = ownOptions.parse(options);
  const place = storePlaceOf(options, surroundings);
  const input: LiveMigrationInput = readMigration(domain, options, {
    destinationXml: xml === undefined ? null : await readDomainXmlFile(xml),
    policy: policy === undefined ? null : await readPolicy(policy),
  });
  const log = createLog(logLevel, surroundings.output);
  if (wantsDryRun === true) {
    const composition = compose({ log });
    try {
      return await dryRun(composition, { input, style }, surroundings.output);
    } finally {
      await composition.close();
    }
  }
  const composition = compose({ log, store: await openStore(place) });
  try {
    const task = { input, style, takesCommands: commands === true, waits: wait === true };
    return await begin(composition, task, surroundings);
  } finally {
    await composition.close();
  }
}

interface Task {
  readonly input: LiveMigrationInput;
  readonly style: Style;
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
    return (await driveMigration(composition, { ...task, start, onStarted }, surroundings)).status;
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
