import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from 'commander';

import { labProgram } from '../../../lab/cli.ts';
import { runHere } from './run-here.ts';
import { longOptions } from './shell.ts';
import type { Words } from './shell.ts';

const run = promisify(execFile);
const helps = new Map<string, Promise<string | null>>();

/** What a command says of itself; null where there is no such command. */
function once(key: string, ask: () => Promise<string | null>): Promise<string | null> {
  const known = helps.get(key) ?? ask();
  helps.set(key, known);
  return known;
}

async function missing(words: Words, name: string, help: string | null): Promise<string[]> {
  if (help === null) return [`there is no ${name}`];
  const has = (option: string): boolean => new RegExp(`${option}(?![a-z-])`).test(help);
  return longOptions(words).filter((option) => option !== '--help' && !has(option));
}

/** What a `virtstate` command, without that word, has that the command line does not know. */
export async function unknownOfVirtstate(words: Words): Promise<string[]> {
  const [name = ''] = words;
  if (name.startsWith('--')) return name === '--help' || name === '--version' ? [] : [name];
  const help = await once(`virtstate ${name}`, async () => {
    const { status, stdout } = await runHere([name, '--help'], '/nowhere/runs.db');
    return status === 0 && stdout.includes(`Usage: virtstate ${name}`) ? stdout : null;
  });
  return missing(words, `virtstate ${name}`, help);
}

/** The same of `npm run lab -- ...`; what is run on a host of the lab is not looked at. */
export async function unknownOfLab(words: Words): Promise<string[]> {
  const [name = ''] = words;
  const command = labProgram().commands.find((each: Command) => each.name() === name);
  return missing(words, `lab ${name}`, command?.helpInformation() ?? null);
}

/** The same of `virsh`, which is asked itself; it needs no host for that. */
export async function unknownOfVirsh(words: Words): Promise<string[]> {
  const [name = '', ...rest] = words[0] === '-c' ? words.slice(2) : words;
  const help = await once(`virsh ${name}`, async () => {
    const { stdout } = await run('virsh', ['help', name]).catch(() => ({ stdout: null }));
    return stdout;
  });
  return missing(rest, `virsh ${name}`, help);
}

/** The same of `qemu-img`. */
export async function unknownOfQemuImg(words: Words): Promise<string[]> {
  const [name = ''] = words;
  const help = await once('qemu-img', async () => (await run('qemu-img', ['--help'])).stdout);
  const isThere = help?.includes(`\n  ${name} `) === true;
  return missing(words, `qemu-img ${name}`, isThere ? help : null);
}
