import type { Surroundings } from '../display/presenters.ts';
import { isTaken, replyToLine, replyToWords, statusOfReply } from '../display/records/reply.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { askRun } from '../records/ask-run.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';
import { parseCommand } from '../tuning/parse-command.ts';

/**
 * `virtstate send`: one command to a run, whoever drives it.
 *
 * @returns 0 where it was taken, 2 where not, 75 where nobody answered
 * @throws UsageError, StoreError
 */
export async function send(
  { beginning, words }: { readonly beginning: string; readonly words: readonly string[] },
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { output, now } = surroundings;
  const command = words.join(' ');
  const parsed = parseCommand(command);
  if (!parsed.understood) throw new UsageError(`${command} is not understood: ${parsed.reason}`);
  const place = storePlaceOf(options, surroundings);
  return withStore(
    place,
    async (store) => {
      const run = await resolveRun(store, beginning);
      const reply = await askRun(store, run, parsed.command);
      const told = { run, command, reply };
      if (style === 'json') output.print(JSON.stringify(replyToLine(told, now())));
      else if (isTaken(reply)) output.print(replyToWords(told));
      if (!isTaken(reply)) output.say(`virtstate: ${replyToWords(told)}`);
      return statusOfReply(reply);
    },
    () => noRuns(beginning, place),
  );
}
