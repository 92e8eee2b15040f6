import type { Composition } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import type { AskedSnapshot } from '../options/snapshot-options.ts';
import { readSnapshot } from '../options/snapshot-options.ts';
import {
  judgeColdSnapshot,
  judgeDomainSnapshot,
  judgeInstanceSnapshot,
  judgeLiveSnapshot,
} from '../workflows/judges.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { runWorkflow } from './workflow-command.ts';

/**
 * `virtstate snapshot`.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function snapshot(
  domain: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, () => {
    const asked = readSnapshot(domain, options);
    return {
      shown: shownOneHost(asked.machine, asked.input),
      input: asked.input,
      judge: (composition, signal) => judge(asked, composition, signal),
    };
  });
}

function judge(asked: AskedSnapshot, composition: Composition, signal: AbortSignal) {
  switch (asked.machine) {
    case 'instanceSnapshot':
      return judgeInstanceSnapshot(composition, asked.input, signal);
    case 'liveSnapshot':
      return judgeLiveSnapshot(composition, asked.input, signal);
    case 'coldSnapshot':
      return judgeColdSnapshot(composition, asked.input, signal);
    case 'domainSnapshot':
      return judgeDomainSnapshot(composition, asked.input, signal);
  }
}
