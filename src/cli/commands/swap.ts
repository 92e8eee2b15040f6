import type { Surroundings } from '../display/presenters.ts';
import { readSwap } from '../options/swap-options.ts';
import { judgeVolumeSwap } from '../workflows/judge-volume-swap.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { runWorkflow } from './workflow-command.ts';

/**
 * `virtstate swap`.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function swap(
  { disk, domain }: { readonly domain: string; readonly disk: string | undefined },
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, async () => {
    const input = await readSwap(domain, disk, options);
    return {
      shown: shownOneHost('volumeSwap', input),
      input,
      judge: (composition, signal) => judgeVolumeSwap(composition, input, signal),
    };
  });
}
