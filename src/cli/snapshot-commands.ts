import type { Surroundings } from './display/presenters.ts';
import {
  deleteGroups,
  mergeGroups,
  restoreGroups,
  revertGroups,
  saveGroups,
  snapshotGroups,
} from './options/snapshot-option-table.ts';
import type { Does, MakeCommand } from './record-commands.ts';
import { withGroups } from './with-groups.ts';

type Options = Record<string, unknown>;

interface Parts {
  readonly command: MakeCommand;
  readonly does: Does;
  readonly surroundings: Surroundings;
}

/** The commands that freeze a guest or its disks, and go back. */
export function addSnapshotCommands(parts: Parts): void {
  addSnapshot(parts);
  addSaves(parts);
  addRemovals(parts);
  addTree(parts);
}

function addSnapshot({ command, does, surroundings }: Parts): void {
  withGroups(command('snapshot <domain>', 'an image or a snapshot of a guest'), snapshotGroups)
    .addHelpText('after', snapshotNotes)
    .action((domain: string, options: Options) =>
      does(async () =>
        (await import('./commands/snapshot.ts')).snapshot(domain, options, surroundings),
      ),
    );
}

function addSaves({ command, does, surroundings }: Parts): void {
  withGroups(command('save <domain> [file]', "a guest's memory into a file"), saveGroups)
    .addHelpText('after', runNotes)
    .action((domain: string, file: string | undefined, options: Options) =>
      does(async () =>
        (await import('./commands/save.ts')).save(domain, file, options, surroundings),
      ),
    );
  withGroups(command('restore <file>', 'the guest of a saved memory goes on'), restoreGroups)
    .addHelpText('after', runNotes)
    .action((file: string, options: Options) =>
      does(async () =>
        (await import('./commands/restore.ts')).restore(file, options, surroundings),
      ),
    );
}

function addRemovals({ command, does, surroundings }: Parts): void {
  withGroups(command('revert <domain> <snapshot>', 'back to a snapshot of libvirt'), revertGroups)
    .addHelpText('after', runNotes)
    .action((domain: string, name: string, options: Options) =>
      does(async () =>
        (await import('./commands/revert.ts')).revert(domain, name, options, surroundings),
      ),
    );
  withGroups(
    command('delete-snapshot <domain> <snapshot>', 'a snapshot of libvirt goes, its data stay'),
    deleteGroups,
  )
    .addHelpText('after', runNotes)
    .action((domain: string, name: string, options: Options) =>
      does(async () => {
        const { deleteSnapshot } = await import('./commands/delete-snapshot.ts');
        return deleteSnapshot(domain, name, options, surroundings);
      }),
    );
  withGroups(command('merge <domain> <disk>', 'layers of a disk become one'), mergeGroups)
    .addHelpText('after', runNotes)
    .action((domain: string, disk: string, options: Options) =>
      does(async () => {
        const { merge } = await import('./commands/delete-snapshot.ts');
        return merge(domain, disk, options, surroundings);
      }),
    );
}

function addTree({ command, does, surroundings }: Parts): void {
  command('tree <domain>', 'the snapshots of a domain, and what may be done with each')
    .requiredOption('--on <uri>', 'connection URI of the host')
    .action((domain: string, options: Options) =>
      does(async () => (await import('./commands/tree.ts')).tree(domain, options, surroundings)),
    );
}

const runNotes = `
Ctrl-C asks for an abort and waits until the guest is as before; a second one
leaves the run to virtstate recover. Exit status: 0 done; 1 failed, the guest is
as before; 2 wrong usage or refused, nothing was touched; 3 an operator is
needed; 70 virtstate itself failed; 75 left by a second Ctrl-C; 130 aborted, the
guest is as before. More in docs/snapshots.md.`;

const snapshotNotes = `
--kind auto: one disk becomes an image in the directory --to, with what is known
of it in NAME.json beside it; live where nothing speaks against it, else at
rest. live, cold, offline: image files. internal, external: snapshots of
libvirt's own, which it can revert to.
${runNotes}`;
