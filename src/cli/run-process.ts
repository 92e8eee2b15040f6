import { WriteStream } from 'node:tty';

import { exitStatus } from './exit-status.ts';
import { Output } from './output.ts';
import { runCommand } from './program.ts';
import { systemClock } from '../engine/system-clock.ts';

/** One command as one process: from its words to its exit status. */
export async function runProcess(words: readonly string[], version: string): Promise<never> {
  const { stdout, stderr, env } = process;
  const output = new Output({ stdout, stderr });
  const breakDown = (error: unknown): never => {
    output.placeAbove(null);
    output.say(`virtstate: a fault of its own: ${describe(error)}`);
    return process.exit(exitStatus.broken);
  };
  process.on('uncaughtException', breakDown);
  process.on('unhandledRejection', breakDown);
  const terminal = stdout instanceof WriteStream ? stdout : null;
  try {
    const status = await runCommand(words, version, {
      output,
      terminal,
      environment: env,
      now: () => systemClock.nowEpochMs(),
      input: () => process.stdin,
    });
    await output.drain();
    // Timers of a world or a connection that is being closed must not hold the process.
    return process.exit(status);
  } catch (error) {
    return breakDown(error);
  }
}

/** With the stack: it is a bug, and whoever reports it needs the place. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
