import type { Readable } from 'node:stream';

import type { Run } from '../../engine/run.ts';
import type { CommandAnswer } from '../display/command-answer.ts';
import { parseCommand } from './parse-command.ts';
import { lineLengthMax, readLines } from './read-lines.ts';

/**
 * Commands for a run, one a line, each answered at once. Ctrl-C means what it means without them,
 * and the end of the input means nothing: the run goes on.
 *
 * @returns stops reading
 */
export function followCommands(
  run: Pick<Run, 'send'>,
  input: Readable,
  surroundings: {
    readonly now: () => number;
    /** Where the run stands now. */
    readonly state: () => string;
    readonly answer: (answer: CommandAnswer) => void;
  },
): () => void {
  return readLines(input, (line) => {
    const { now, state, answer } = surroundings;
    const about = {
      atEpochMs: now(),
      command: line.trim().slice(0, lineLengthMax),
      state: state(),
      reason: null,
    };
    const parsed = parseCommand(line);
    if (!parsed.understood) {
      answer({ ...about, answer: 'notUnderstood', reason: parsed.reason });
      return;
    }
    answer({ ...about, answer: run.send(parsed.command) ? 'taken' : 'notAllowed' });
  });
}
