import { expect } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import type { Failure } from '../../src/index.ts';

/** The commands that a failure tells an operator. */
export const commandsIn = ({ message }: Failure): readonly string[] =>
  message.split('\n').filter((line) => /^(?:virsh|rm) /.test(line));

/** An operator who types what he was told, line by line, and waits for a job where he is asked to look. */
export async function doAsTold(host: LabHost, failure: Failure): Promise<void> {
  for (const line of commandsIn(failure)) {
    const type = (): Promise<string> => host.run('sh', ['-c', line]);
    // virsh tells an error of QEMU's monitor as its answer.
    if (!line.includes('query-block-jobs')) expect(await type(), line).not.toContain('"error"');
    else await expect.poll(type, { timeout: 30_000 }).toContain('"ready":true');
  }
}
