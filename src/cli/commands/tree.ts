import { z } from 'zod';

import { readSnapshotTree } from '../../bindings/snapshot-tree.ts';
import { noLog } from '../../ports/log.ts';
import { toFailure } from '../../ports/failure.ts';
import { compose } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { refusalLine } from '../display/refusal.ts';
import { flattened, treeLines } from '../display/snapshot-tree.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { connectionUri } from '../../requests/connection-uri.ts';
import { readDomain, readOptions } from '../options/read-options.ts';
import { nearestThere } from '../workflows/nearest-there.ts';

const treeOptions = z.object({ on: connectionUri });

/** A host that does not answer in this time is told of. */
const answerTimeoutMs = 60_000;

/**
 * `virtstate tree`: the snapshots that libvirt knows of a domain, and what may be done with each.
 *
 * @returns the exit status: 2 where the host or the domain is not there
 * @throws UsageError
 */
export async function tree(
  domain: string,
  options: Record<string, unknown>,
  { config, output }: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { on: host } = readOptions(treeOptions, options);
  const asked = { domain: readDomain(domain), host };
  const composition = compose({ config, log: createLog(logLevel, output) });
  try {
    const nodes = await readSnapshotTree(composition.hypervisors, asked, {
      clock: composition.clock,
      signal: AbortSignal.timeout(answerTimeoutMs),
      key: 'tree',
      report: () => undefined,
      log: noLog,
    });
    if (style === 'json')
      for (const { children: _, ...node } of flattened(nodes))
        output.print(JSON.stringify({ type: 'snapshot', ...node }));
    else treeLines(nodes).forEach((line) => output.print(line));
    return exitStatus.completed;
  } catch (error) {
    const failure = toFailure(error);
    const named = { domain: asked.domain, snapshot: null, disks: [] };
    const sought = { named, places: [{ input: 'host', words: 'the host', uri: host }] } as const;
    const nearest = await nearestThere(composition.hypervisors, sought, failure.code);
    output.say(refusalLine(failure, nearest));
    return exitStatus.refused;
  } finally {
    await composition.close();
  }
}
