import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { witnessUri } from './daemon.ts';
import { hostNames } from './lab-state.ts';
import { listQemuProcesses } from './listing.ts';
import { pathKind } from './path-kind.ts';
import { hostPaths, labPaths } from './paths.ts';
import { virsh } from './virsh.ts';

/** What QEMU's own monitor is asked; `info registers` twice: a processor that stands shows the same. */
const questions = [
  'info status',
  'info registers',
  'info registers',
  'info pic',
  'info blockstats',
  'info migrate',
] as const;

/** Of some answers no more than this is worth reading. */
const telling: Readonly<Partial<Record<(typeof questions)[number], RegExp>>> = {
  'info registers': /RIP|EIP|HLT/,
  'info pic': /irr|isr|pic[01]:/i,
};

/** How many lines of the console are told. */
const consoleLines = 6;

/**
 * What can be seen of a guest that counts no more: the end of its console, and what the QEMUs that it
 * has say of it, each by `virsh qemu-monitor-command --hmp`. Whatever cannot be seen is told as that.
 * @param serial of a guest of a lab
 */
export async function tellStanding(serial: string): Promise<string> {
  const parts = [orWhyNot(() => endOfConsole(serial)), orWhyNot(() => whatQemusSay(serial))];
  return (await Promise.all(parts)).join('\n');
}

async function whatQemusSay(serial: string): Promise<string> {
  const lab = labPaths(basename(dirname(dirname(serial))));
  const guest = basename(serial, '.log');
  const said: string[] = [];
  for (const name of hostNames) {
    const host = hostPaths(lab, name);
    if ((await pathKind(host.dir)) === null) continue;
    if (!(await listQemuProcesses(host)).includes(guest)) continue;
    for (const question of questions) {
      const ask = ['qemu-monitor-command', '--hmp', guest, question];
      const answer = await orWhyNot(() => virsh(witnessUri(host), ask, { timeoutMs: 5_000 }));
      const lines = answer.split('\n').filter((line) => telling[question]?.test(line) ?? true);
      said.push(`${name}, ${question}:`, ...lines);
    }
  }
  return said.length === 0 ? 'no host of its lab has a QEMU of it' : said.join('\n');
}

async function endOfConsole(serial: string): Promise<string> {
  const lines = (await readFile(serial, 'latin1')).split('\n').slice(-consoleLines);
  return ['its console ends with', ...lines].join('\n');
}

async function orWhyNot(look: () => Promise<string>): Promise<string> {
  try {
    return (await look()).trimEnd();
  } catch (error) {
    return `cannot be seen: ${error instanceof Error ? error.message : String(error)}`;
  }
}
