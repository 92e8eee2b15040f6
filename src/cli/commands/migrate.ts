import { z } from 'zod';

import type { Surroundings } from '../display/presenters.ts';
import { readDomainXmlFile } from '../options/domain-xml-file.ts';
import { readMigration } from '../options/migrate-options.ts';
import { readPolicy } from '../options/policy-file.ts';
import { judgeLiveMigration } from '../workflows/judges.ts';
import { shownMigration } from '../workflows/migration.ts';
import { runWorkflow } from './workflow-command.ts';

const ownOptions = z.object({ xml: z.string().optional(), policy: z.string().optional() });

/**
 * `virtstate migrate`.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function migrate(
  domain: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, async () => {
    const { xml, policy } = ownOptions.parse(options);
    const input = readMigration(domain, options, {
      destinationXml: xml === undefined ? null : await readDomainXmlFile(xml),
      policy: policy === undefined ? null : await readPolicy(policy),
    });
    return {
      shown: shownMigration(input),
      input,
      judge: (composition, signal) => judgeLiveMigration(composition, input, signal),
    };
  });
}
