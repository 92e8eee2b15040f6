import { CommanderError } from 'commander';
import { labProgram } from './cli.ts';
import { CommandError } from './command.ts';
import { LabError } from './lab-error.ts';

/** Wrong use and a machine that cannot carry a lab end with 2, a fault of the lab itself with 1. */
async function main(): Promise<number> {
  try {
    await labProgram().parseAsync();
    // A program that was run on a host has decided.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof LabError) {
      process.stderr.write(`lab: ${error.message}\n`);
      return 2;
    }
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`lab: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main();
