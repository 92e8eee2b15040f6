import { Command, CommanderError, Option } from 'commander';

import type { Config } from '../config/index.ts';
import { noConfig } from '../config/index.ts';
import { configOf, configure, toUri } from './options/configured.ts';
import { readHowTold } from './options/how-told.ts';
import { inspectOption, migrateOptionGroups, storeOption } from './options/migrate-option-table.ts';
import { UsageError } from './options/usage-error.ts';
import { oneLine } from './display/quantities.ts';
import type { Surroundings } from './display/presenters.ts';
import { exitStatus } from './exit-status.ts';
import type { Does } from './record-commands.ts';
import { addRecordCommands } from './record-commands.ts';
import { addSnapshotCommands } from './snapshot-commands.ts';
import { addSwapCommands } from './swap-commands.ts';
import { StoreError } from '../ports/run-store.ts';
import { didYouMean } from '../requests/nearest.ts';

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
  const configured = { ...surroundings, config: noConfig };
  let status = 0;
  const does = async (work: () => Promise<number>): Promise<void> => {
    status = await work();
  };
  const program = buildProgram(version, configured, does);
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof StoreError) {
      const untouched = unusable.includes(error.code) ? '; nothing was touched' : '';
      output.say(`virtstate: ${oneLine(error.message)} (${error.code})${untouched}`);
      return exitStatus.broken;
    }
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    const reason = oneLine(error.message)
      .replace(/^error: /, '')
      .replace(/\.$/, '');
    if (error.message !== '(outputHelp)')
      output.say(
        `virtstate: ${reason}${misspelt(error, program, words)}; nothing was touched (virtstate --help tells how)`,
      );
    return exitStatus.refused;
  }
}

/** commander tells what is missing before what it does not know, and a misspelt option is both. */
function misspelt(error: Error, program: Command, words: readonly string[]): string {
  const isMissing = 'code' in error && error.code === 'commander.missingMandatoryOptionValue';
  const chosen = program.commands.find((one) => one.name() === words[0]);
  if (!isMissing || chosen === undefined) return '';
  const known = chosen.options.flatMap(({ long }) => long ?? []);
  const typed = words.flatMap((word) => /^--[^=]+/.exec(word)?.[0] ?? []);
  const unknown = typed.find((option) => option !== '--help' && !known.includes(option));
  return unknown === undefined ? '' : `; unknown option '${unknown}'${didYouMean(unknown, known)}`;
}

/** The configuration is read as soon as the command is known. */
interface Configured extends Surroundings {
  config: Config;
}

/** A store that cannot be opened: what was asked for has not begun. */
const unusable: readonly string[] = ['notAStore', 'newerStore', 'corrupt', 'notWritable'];

function buildProgram(version: string, surroundings: Configured, does: Does): Command {
  const { output } = surroundings;
  const program = new Command('virtstate')
    .description('Moves running virtual machines, and can say at every moment what is true.')
    .version(version)
    .exitOverride()
    // What a command does is folded beside its name on 80 columns, too.
    .configureHelp({ minWidthToWrap: 24 })
    .configureOutput({
      writeOut: (text) => output.write(text),
      writeErr: (text) => output.say(text.trimEnd()),
      // Told once, by whoever catches the error.
      outputError: () => undefined,
    });
  program.hook('preAction', (_, chosen) => {
    const { config: named } = chosen.opts<{ config?: string }>();
    surroundings.config = configOf(named, surroundings.environment);
    configure(chosen, surroundings.config, surroundings.environment);
    Object.assign(surroundings, readHowTold(chosen.opts()));
  });
  addMigrate(program, surroundings, does);
  const make = (words: string, about: string): Command => command(program, words, about);
  addSnapshotCommands({ command: make, does, surroundings });
  addSwapCommands({ command: make, does, surroundings });
  addRecordCommands({ command: make, does, surroundings });
  addDoctor(program, surroundings, does);
  addServe(program, version, { surroundings, does });
  addInspect(program, version, { surroundings, does });
  addDiagram(program, surroundings, does);
  addDemo(program, surroundings, does);
  return program;
}

/** `copyInheritedSettings` carries exitOverride and output over to a command made with `command()`. */
function command(program: Command, words: string, description: string): Command {
  return program
    .command(words)
    .description(description)
    .option('--config <path>', 'the configuration file (docs/config.md)')
    .option('--json', 'one JSON object a line, nothing else on standard output')
    .addOption(
      new Option('--log-level <level>', 'what is logged on standard error')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('warn'),
    );
}

function addMigrate(program: Command, surroundings: Surroundings, does: Does): void {
  const migrate = command(program, 'migrate <domain>', 'move a domain to another host');
  for (const { heading, options } of migrateOptionGroups)
    for (const { flags, words, otherwise, required } of options) {
      const option = new Option(flags, words).helpGroup(heading).default(otherwise);
      migrate.addOption(required === true ? option.makeOptionMandatory() : option);
    }
  migrate
    .addHelpText('after', migrateNotes)
    .action((domain: string, options: Record<string, unknown>) =>
      does(async () => {
        const { migrate: run } = await import('./commands/migrate.ts');
        return run(domain, options, surroundings);
      }),
    );
}

const migrateNotes = `
Ctrl-C asks for an abort and waits for the rollback; a second one leaves the run
to virtstate recover.
--commands takes: abort, bandwidth.set MIB_S (0: unlimited), downtime.set MS,
postcopy.start, force.complete, postcopy.recover, postcopy.giveUp.
Exit status: 0 moved; 1 failed, the guest is as before; 2 wrong usage or
refused, nothing was touched; 3 an operator is needed; 70 virtstate itself
failed; 75 left by a second Ctrl-C to virtstate recover; 130 aborted and rolled
back. The lines of --json are described in docs/cli.md.`;

function addDoctor(program: Command, surroundings: Configured, does: Does): void {
  command(program, 'doctor <uri>', 'what a host can do, what will not work there and why')
    .option('--peer <uri>', 'can its daemon reach that host, as a migration wants it')
    .option('--dconnuri <uri>', 'how its daemon reaches the peer (default: --peer)')
    .action((uri: string, options: Record<string, unknown>) =>
      does(async () => {
        const { doctor } = await import('./commands/doctor.ts');
        return doctor(toUri(surroundings.config, 'URI', uri), options, surroundings);
      }),
    );
}

function addServe(
  program: Command,
  version: string,
  { does, surroundings }: { readonly does: Does; readonly surroundings: Surroundings },
): void {
  command(program, 'serve', 'everything over HTTP, and what was left unfinished goes on')
    .option('--host <host>', 'where it listens (default: 127.0.0.1; docs/service.md)')
    .option('--port <n>', 'and on which port; 0: any (default: 7480)')
    .option(...inspectOption)
    .option(...storeOption)
    .action((options: Record<string, unknown>) =>
      does(async () => {
        const { serve } = await import('./commands/serve.ts');
        return serve(options, surroundings, version);
      }),
    );
}

function addInspect(
  program: Command,
  version: string,
  { does, surroundings }: { readonly does: Does; readonly surroundings: Surroundings },
): void {
  command(program, 'inspect', 'a page that shows every run on record, and how it came there')
    .option('--port <n>', 'of 127.0.0.1; 0: any (docs/inspector.md)', '0')
    .option(...storeOption)
    .action((options: Record<string, unknown>) =>
      does(async () => {
        const { inspect } = await import('./commands/inspect.ts');
        return inspect(options, surroundings, version);
      }),
    );
}

function addDiagram(program: Command, surroundings: Surroundings, does: Does): void {
  command(program, 'diagram [machine]', 'draws a machine; without a name, which there are')
    .addOption(
      new Option('--format <format>', 'a picture, text that code hosts draw, or nodes and edges')
        .choices(['svg', 'mmd', 'json'])
        .default('svg'),
    )
    .option('--out <file>', 'writes it there instead of to standard output')
    .action((machine: string | undefined, options: Record<string, unknown>) =>
      does(async () => {
        const { diagram } = await import('./commands/diagram.ts');
        return diagram(machine, options, surroundings);
      }),
    );
}

function addDemo(program: Command, surroundings: Surroundings, does: Does): void {
  command(program, 'demo', 'two migrations, one that completes and one that rolls back')
    .option(...storeOption)
    .option('--lab <name>', 'the lab of a checkout to play it in, when that is up', 'default')
    .action((options: Record<string, unknown>) =>
      does(async () => {
        const { demo } = await import('./commands/demo.ts');
        return demo(options, surroundings);
      }),
    );
}
