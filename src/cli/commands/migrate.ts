import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import { compose } from '../compose.ts';
import { readDomainXmlFile } from '../options/domain-xml-file.ts';
import { driveMigration } from './drive-migration.ts';
import { dryRun } from './dry-run.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { createLog } from '../log.ts';
import { readMigration } from '../options/migrate-options.ts';
import type { Surroundings } from '../display/presenters.ts';

const ownOptions = z.object({ xml: z.string().optional(), dryRun: z.literal(true).optional() });

/**
 * `virtstate migrate`.
 *
 * @returns the exit status
 * @throws UsageError
 */
export async function migrate(
  domain: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { xml, dryRun: wantsDryRun } = ownOptions.parse(options);
  const destinationXml = xml === undefined ? null : await readDomainXmlFile(xml);
  const input: LiveMigrationInput = readMigration(domain, options, destinationXml);
  const composition = compose({ log: createLog(logLevel, surroundings.output) });
  try {
    if (wantsDryRun === true)
      return await dryRun(composition, { input, style }, surroundings.output);
    return (await driveMigration(composition, { input, style }, surroundings)).status;
  } finally {
    await composition.close();
  }
}
