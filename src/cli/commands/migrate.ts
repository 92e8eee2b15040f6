import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import { compose } from '../compose.ts';
import { readDomainXmlFile } from '../options/domain-xml-file.ts';
import { driveMigration } from './drive-migration.ts';
import { dryRun } from './dry-run.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { createLog } from '../log.ts';
import { readMigration } from '../options/migrate-options.ts';
import { readPolicy } from '../options/policy-file.ts';
import type { Surroundings } from '../display/presenters.ts';

const ownOptions = z.object({
  xml: z.string().optional(),
  policy: z.string().optional(),
  dryRun: z.literal(true).optional(),
  commands: z.literal(true).optional(),
});

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
  const { xml, policy, dryRun: wantsDryRun, commands } = ownOptions.parse(options);
  const input: LiveMigrationInput = readMigration(domain, options, {
    destinationXml: xml === undefined ? null : await readDomainXmlFile(xml),
    policy: policy === undefined ? null : await readPolicy(policy),
  });
  const composition = compose({ log: createLog(logLevel, surroundings.output) });
  try {
    if (wantsDryRun === true)
      return await dryRun(composition, { input, style }, surroundings.output);
    const task = { input, style, takesCommands: commands === true };
    return (await driveMigration(composition, task, surroundings)).status;
  } finally {
    await composition.close();
  }
}
