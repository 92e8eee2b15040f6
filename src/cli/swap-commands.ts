import type { Surroundings } from './display/presenters.ts';
import { inspectOption, quietOption, storeOption } from './options/migrate-option-table.ts';
import { swapGroups } from './options/swap-option-table.ts';
import type { Does, MakeCommand } from './record-commands.ts';
import { runNote } from './record-commands.ts';
import { withGroups } from './with-groups.ts';

type Options = Record<string, unknown>;

interface Parts {
  readonly command: MakeCommand;
  readonly does: Does;
  readonly surroundings: Surroundings;
}

/** The commands that put a guest's disks onto other volumes, and decide about it. */
export function addSwapCommands({ command, does, surroundings }: Parts): void {
  withGroups(command('swap <domain> [disk]', 'a disk of a guest gets another volume'), swapGroups)
    .addHelpText('after', swapNotes)
    .action((domain: string, disk: string | undefined, options: Options) =>
      does(async () =>
        (await import('./commands/swap.ts')).swap({ domain, disk }, options, surroundings),
      ),
    );
  command('confirm <run>', 'a swap that waits is kept, and its run ends')
    .option(...quietOption)
    .option(...inspectOption)
    .option(...storeOption)
    .addHelpText('after', `${runNote}${confirmNote}`)
    .action((run: string, options: Options) =>
      does(async () => {
        const { decide } = await import('./commands/decide.ts');
        return decide('confirm', run, options, surroundings);
      }),
    );
  command('undo <run>', 'a swap that waits is undone: back to the old volumes, nothing is lost')
    .option(...quietOption)
    .option(...inspectOption)
    .option(...storeOption)
    .addHelpText('after', `${runNote}${undoNote}`)
    .action((run: string, options: Options) =>
      does(async () => {
        const { decide } = await import('./commands/decide.ts');
        return decide('undo', run, options, surroundings);
      }),
    );
}

const swapNotes = `
<disk> is named as the guest has it, as vda. A FILE.json is the order of one
disk, or a list for several, which are all in step before the first is swapped:
  [{"disk": "vda", "to": "/new/a.qcow2", "create": true},
   {"disk": "vdb", "to": "rbd:pool/b"}]
Ctrl-C calls the copies off; once the guest is being put onto its new volumes it
only goes forward; a second one leaves the run to virtstate recover. Exit
status: 0 done, with --keep-old: both volumes are kept until you decide; 1
failed, the guest is on its old volumes; 2 wrong usage or refused, nothing was
touched; 3 an operator is needed; 70 virtstate itself failed; 75 left by a
second Ctrl-C; 130 aborted, the guest is on its old volumes. More in
docs/volume-swap.md.`;

const confirmNote = `
Where another process drives the run, as virtstate serve, that one is told, and
its end is waited for.
Exit status: 0 kept; 2 there is no such run, or it does not wait: nothing was
touched; 3 an operator is needed; 75 left by a second Ctrl-C, or its end was not
seen.`;

const undoNote = `
What the guest wrote since the swap goes back with it. Ctrl-C as with swap. Exit
status: 0 undone; 1 not undone: the guest stays on its new volumes, and the run
waits again; 2 there is no such run, or it does not wait: nothing was touched; 3
an operator is needed; 75 left by a second Ctrl-C, or its end was not seen.
Where another process drives the run, as virtstate serve, that one is told, and
its end is waited for.`;
