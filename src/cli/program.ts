import { Command, CommanderError, Option } from 'commander';

import { UsageError } from './options/usage-error.ts';
import { oneLine } from './display/quantities.ts';
import type { Surroundings } from './display/presenters.ts';
import { exitStatus } from './exit-status.ts';

/**
 * Runs the command that `words` name. Each command's own modules are loaded when it is known.
 *
 * @returns the exit status
 */
export async function runCommand(
  words: readonly string[],
  version: string,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  let status = 0;
  const does = async (work: () => Promise<number>): Promise<void> => {
    status = await work();
  };
  try {
    await buildProgram(version, surroundings, does).parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    const reason = oneLine(error.message).replace(/^error: /, '');
    if (error.message !== '(outputHelp)')
      output.say(`virtstate: ${reason}; nothing was touched (virtstate --help tells how)`);
    return exitStatus.refused;
  }
}

type Does = (work: () => Promise<number>) => Promise<void>;

function buildProgram(version: string, surroundings: Surroundings, does: Does): Command {
  const { output } = surroundings;
  const program = new Command('virtstate')
    .description('Moves running virtual machines, and can say at every moment what is true.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.write(text),
      writeErr: (text) => output.say(text.trimEnd()),
      // Told once, by whoever catches the error.
      outputError: () => undefined,
    });
  addMigrate(program, surroundings, does);
  addDoctor(program, surroundings, does);
  addDemo(program, surroundings, does);
  return program;
}

/** `copyInheritedSettings` carries exitOverride and output over to a command made with `command()`. */
function command(program: Command, words: string, description: string): Command {
  return program
    .command(words)
    .description(description)
    .option('--json', 'one JSON object a line, nothing else on standard output')
    .addOption(
      new Option('--log-level <level>', 'what is logged on standard error')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('warn'),
    );
}

function addMigrate(program: Command, surroundings: Surroundings, does: Does): void {
  command(program, 'migrate <domain>', 'move a running domain to another host')
    .requiredOption('--from <uri>', 'connection URI of the host where it runs')
    .requiredOption('--to <uri>', 'connection URI of the host where it goes')
    .option('--protocol <name>', 'who drives the migration: peer2peer', 'peer2peer')
    .option('--copy-storage <what>', 'copy its disks too: all, or inc (bases are in place)')
    .option('--copy-disks <names>', 'only these disks, as vda,vdb')
    .option('--bandwidth <mib_s>', 'at most so many MiB/s')
    .option('--max-downtime <ms>', "longest pause at the switchover (QEMU's default: 300)")
    .option('--timeout <s>', 'time budget; without one it takes as long as it takes')
    .option('--on-timeout <action>', 'then: abort, or force-complete (pauses the guest)', 'abort')
    .option('--auto-converge', 'slow the guest down while it writes too fast')
    .option('--parallel <n>', 'connections for the memory stream')
    .option('--compression <methods>', 'xbzrle, mt, zlib, zstd')
    .option('--unsafe', 'although libvirt cannot prove that the disks are safe')
    .option('--disk-over-commit', 'copied disks need room only for what they hold now')
    .option('--transient', 'leave no definition on the destination')
    .option('--keep-source', 'leave the definition on the source')
    .option('--dname <name>', 'name on the destination')
    .option('--xml <file>', 'definition for the destination')
    .option('--dconnuri <uri>', 'how the source daemon reaches the destination (default: --to)')
    .option('--migrate-uri <uri>', 'where the memory stream goes, as tcp://ADDRESS')
    .option('--on-split-brain <action>', 'suspend-source, or report only', 'suspend-source')
    .option('--peer-wait <s>', 'how long to wait for a host whose answer decides', '60')
    .option('--dry-run', 'judge every precheck, touch nothing')
    .addHelpText('after', migrateNotes)
    .action((domain: string, options: Record<string, unknown>) =>
      does(async () => {
        const { migrate } = await import('./commands/migrate.ts');
        return migrate(domain, options, surroundings);
      }),
    );
}

const migrateNotes = `
Ctrl-C asks the source daemon to abort and waits for the rollback; a second one leaves.
Exit status: 0 moved; 1 failed, the guest is as before; 2 wrong usage or refused, nothing was
touched; 3 an operator is needed; 70 virtstate itself failed; 75 left by a second Ctrl-C;
130 aborted and rolled back. The lines of --json are described in docs/cli.md.`;

function addDoctor(program: Command, surroundings: Surroundings, does: Does): void {
  command(program, 'doctor <uri>', 'what a host can do, what will not work there and why')
    .option('--peer <uri>', 'can its daemon reach that host, as a migration wants it')
    .option('--dconnuri <uri>', 'how its daemon reaches the peer (default: --peer)')
    .action((uri: string, options: Record<string, unknown>) =>
      does(async () => {
        const { doctor } = await import('./commands/doctor.ts');
        return doctor(uri, options, surroundings);
      }),
    );
}

function addDemo(program: Command, surroundings: Surroundings, does: Does): void {
  command(program, 'demo', 'two migrations, one that completes and one that rolls back')
    .option('--lab <name>', 'the lab of a checkout to play it in, when that is up', 'default')
    .action((options: Record<string, unknown>) =>
      does(async () => {
        const { demo } = await import('./commands/demo.ts');
        return demo(options, surroundings);
      }),
    );
}
