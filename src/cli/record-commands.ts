import type { Command } from 'commander';

import type { Surroundings } from './display/presenters.ts';
import { inspectOption, quietOption, storeOption } from './options/migrate-option-table.ts';

/** Makes a command with the options that all have. */
export type MakeCommand = (words: string, description: string) => Command;
export type Does = (work: () => Promise<number>) => Promise<void>;
type Options = Record<string, unknown>;

interface Parts {
  readonly command: MakeCommand;
  readonly does: Does;
  readonly surroundings: Surroundings;
}

/** The commands about runs on record, whoever drives them. */
export function addRecordCommands(parts: Parts): void {
  addLooks(parts);
  addWords(parts);
  addRecover(parts);
  addPrune(parts);
}

function addLooks({ command, does, surroundings }: Parts): void {
  command('runs', 'what is on record, and who drives it')
    .option(...storeOption)
    .option('--unfinished', 'what is not over (default)')
    .option('--finished', 'what is over')
    .option('--all', 'both')
    .option('--limit <n>', 'the latest so many', '50')
    .option('--watch', 'as they change, until Ctrl-C')
    .action((options: Options) =>
      does(async () => (await import('./commands/runs.ts')).runs(options, surroundings)),
    );
  command('show <run>', 'one run: its way so far, what may be undone, what is allowed now')
    .option(...storeOption)
    .addHelpText('after', runNote)
    .action((run: string, options: Options) =>
      does(async () => (await import('./commands/show.ts')).show(run, options, surroundings)),
    );
}

function addWords({ command, does, surroundings }: Parts): void {
  command('abort <run>', 'asks a run to undo what it did, and waits until it has')
    .option(...storeOption)
    .option('--no-wait', 'ends as soon as the run was told')
    .addHelpText('after', `${runNote}${abortNote}`)
    .action((run: string, options: Options) =>
      does(async () => (await import('./commands/abort.ts')).abort(run, options, surroundings)),
    );
  command('send <run> <command> [value]', 'one command to a run, whoever drives it')
    .option(...storeOption)
    .addHelpText('after', `${runNote}${sendNote}`)
    .action((run: string, word: string, value: string | undefined, options: Options) =>
      does(async () => {
        const { send } = await import('./commands/send.ts');
        const words = value === undefined ? [word] : [word, value];
        return send({ beginning: run, words }, options, surroundings);
      }),
    );
}

function addRecover({ command, does, surroundings }: Parts): void {
  command('recover [runs...]', 'takes up the runs that nobody drives, and drives them to their end')
    .option(...quietOption)
    .option(...inspectOption)
    .option(...storeOption)
    .option('--give-up <run>', 'ends a parked run as it is, touching no host')
    .addHelpText('after', `${runNote}${recoverNote}`)
    .action((runs: string[], options: Options) =>
      does(async () => {
        const { recover } = await import('./commands/recover.ts');
        return recover(runs, options, surroundings);
      }),
    );
}

function addPrune({ command, does, surroundings }: Parts): void {
  command('prune', 'forgets finished runs, never an unfinished one')
    .option(...storeOption)
    .requiredOption('--older-than <span>', 'that ended before: 30d, 12h, 90min, 45s')
    .action((options: Options) =>
      does(async () => (await import('./commands/prune.ts')).prune(options, surroundings)),
    );
}

export const runNote = `
<run> is the id of a run, or as much of its beginning as only one run has.`;

const abortNote = `
Exit status: 0 undone; 1 it completed all the same; 2 it may not be aborted now,
or nobody drives it; 3 an operator is needed; 75 its end was not seen.`;

const sendNote = `
<command>: abort, bandwidth.set MIB_S (0: unlimited), downtime.set MS,
postcopy.start, force.complete, postcopy.recover, postcopy.giveUp; of a swap
that waits: confirm, undo.
Exit status: 0 taken; 2 the machine does not allow it now (it says what it does
allow), or nobody drives the run; 75 nobody answered.`;

const recoverNote = `
Without <runs>: every unfinished run whose process is gone; one that waits for
confirm or undo is only told of. Ctrl-C as with migrate.
Exit status: the gravest of its runs: 3, 1, 0; 2 where a named run is not to be
recovered; 70 virtstate itself failed; 75 left by a second Ctrl-C. What to do
after a crash: docs/recovery.md.`;
