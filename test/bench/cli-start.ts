import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { alternate } from './bench.ts';
import type { Bench } from './bench.ts';
import { compare } from './row.ts';

const bench = 'cli-start';
const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'bin', 'virtstate.js');
const execute = promisify(execFile);

/** Milliseconds from start to end of a process of this very Node. */
async function nodeMs(args: readonly string[]): Promise<number> {
  const begunMs = performance.now();
  await execute(process.execPath, args);
  return performance.now() - begunMs;
}

/** The command line's first sign of life beside a Node that does nothing. */
export const cliStart: Bench = {
  name: bench,
  run: async (tools) => {
    if (!existsSync(join(root, 'dist'))) {
      throw new Error("the command line is not built: run 'npm run build'");
    }
    const pairs = await alternate(
      { count: tools.pairs(60), warmUp: 3 },
      () => nodeMs([program, '--version']),
      () => nodeMs(['-e', '0']),
    );
    const peerName = 'node -e 0';
    return [compare({ bench, metric: '--version', unit: 'ms', peerName, goal: '<= 2' }, pairs)];
  },
};
