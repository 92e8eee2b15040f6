import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestContext } from 'vitest';

import { readArguments } from '../../simulate/arguments.ts';
import { Spawned } from '../cli/spawned.ts';
import { labMode } from '../../support/lab-mode.ts';
import { pages, placeOf, provedBy, root, textOf } from './blocks.ts';
import {
  unknownOfLab,
  unknownOfQemuImg,
  unknownOfVirsh,
  unknownOfVirtstate,
} from './known-options.ts';
import { runHere } from './run-here.ts';
import { commandsOf } from './shell.ts';
import type { Words } from './shell.ts';
import { simulatedWords } from './simulated-words.ts';

/**
 * Commands of the pages. Of `virtstate`: those for simulated hosts are run; those for real ones are run on
 * simulated hosts in their place, with --dry-run where there is one. Of the lab, of `npm` of `virsh` and `qemu-img`: read by whoever takes them, so that an
 * option of another name is found. `curl` is run by test/simulation/service/service-doc.test.ts.
 */

const folder = mkdtempSync(join(tmpdir(), 'virtstate-docs-'));
const store = join(folder, 'runs.db');
let runId = '';

beforeAll(async () => {
  const words = ['migrate', 'idle', '--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];
  const { stdout } = await runHere([...words, '--json'], store);
  runId = /"run":"([^"]+)"/.exec(stdout)?.[1] ?? '';
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

const inBlocks = provedBy('commands').flatMap((block) =>
  commandsOf(block.code).map((words) => ({ place: placeOf(block), words })),
);

/** Commands in the text itself, whose options have to be there. */
const inText = pages.flatMap((page) =>
  [
    ...textOf(page)
      .replaceAll(/^```[\s\S]*?^```/gm, '')
      .matchAll(/`((?:npx )?virtstate|virsh|qemu-img|npm run) (?!COMMAND)([^`]+)`/g),
  ].map(([, program = '', rest = '']) => ({
    place: page,
    words: [
      ...program.split(' '),
      ...rest
        .replaceAll('\\|', ' ')
        .replaceAll(/[[\]]/g, ' ')
        .split(/\s+/)
        .filter((word) => word !== ''),
    ],
  })),
);

type Kind = 'virtstate' | 'lab' | 'script' | 'npm' | 'virsh' | 'qemu-img' | 'curl';

/** Who takes a command, and the words that are his; null where nobody here knows. */
function takerOf([first = '', second = '', third = '', ...rest]: Words): {
  kind: Kind;
  words: Words;
} | null {
  if (first === 'npx') return takerOf([second, third, ...rest]);
  const after = [second, third, ...rest].filter((word) => word !== '');
  if (first === 'virtstate') return { kind: 'virtstate', words: after };
  if (first === 'virsh') return { kind: 'virsh', words: after };
  if (first === 'qemu-img') return { kind: 'qemu-img', words: after };
  if (first === 'curl') return { kind: 'curl', words: after };
  if (first !== 'npm') return null;
  if (second !== 'run') return { kind: 'npm', words: after };
  const [, ...given] = rest;
  return third === 'lab'
    ? { kind: 'lab', words: given }
    : { kind: 'script', words: [third, ...given] };
}

const scripts = (): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;

function wrongWithScript([name = '', ...given]: Words): string[] {
  if (!(name in scripts())) return [`there is no script ${name}`];
  if (name === 'simulate') readArguments(given.map((word) => word.replace('FILE', 'file')));
  return [];
}

/** What a command has that nobody knows. */
async function wrongWith(kind: Kind, words: Words): Promise<string[]> {
  switch (kind) {
    case 'virtstate':
      return unknownOfVirtstate(words);
    case 'lab': {
      const onHost = words.indexOf('npx');
      const inside = onHost === -1 ? [] : await unknownOfVirtstate(words.slice(onHost + 2));
      return [...(await unknownOfLab(onHost === -1 ? words : words.slice(0, onHost))), ...inside];
    }
    case 'script':
      return wrongWithScript(words);
    case 'npm':
      return ['ci', 'install'].includes(words[0] ?? '') ? [] : wrongWithScript(words);
    case 'virsh':
      return unknownOfVirsh(words);
    case 'qemu-img':
      return unknownOfQemuImg(words);
    case 'curl':
      return [];
  }
}

async function allWrong(
  commands: readonly { place: string; words: Words }[],
  kinds: readonly Kind[],
) {
  const wrong: string[] = [];
  for (const { place, words } of commands) {
    const taker = takerOf(words);
    if (taker === null) wrong.push(`${place}: who takes ${words.join(' ')}?`);
    else if (kinds.includes(taker.kind))
      for (const what of await wrongWith(taker.kind, taker.words))
        wrong.push(`${place}: ${words.join(' ')}: ${what}`);
  }
  return wrong;
}

async function needs(context: TestContext, ...programs: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const program of programs)
    await promisify(execFile)(program, ['--version']).catch(() => missing.push(program));
  if (missing.length === 0) return;
  const reason = `not installed: ${missing.join(', ')}`;
  if (labMode() === 'require') throw new Error(reason);
  context.task.meta.skipReason = reason;
  context.skip(reason);
}

test('every command and option of a block is there', async () => {
  expect(await allWrong(inBlocks, ['virtstate', 'lab', 'script', 'npm', 'curl'])).toEqual([]);
}, 60_000);

test('every command and option that a text names is there', async () => {
  expect(inText.length).toBeGreaterThan(50);
  expect(await allWrong(inText, ['virtstate', 'script'])).toEqual([]);
}, 60_000);

test('virsh and qemu-img know what they are told in the pages', async (context) => {
  await needs(context, 'virsh', 'qemu-img');
  expect(await allWrong([...inBlocks, ...inText], ['virsh', 'qemu-img'])).toEqual([]);
}, 60_000);

test('curl is called in one block of docs/service.md, which is run by its own test', () => {
  const calling = provedBy('commands').filter(({ code }) => code.includes('curl '));
  expect(calling.map(({ marker, page }) => `${page}: ${marker?.name}`)).toEqual([
    'docs/service.md: service',
  ]);
});

/** They stay until they are told to go. */
const stays = ['serve', 'inspect'];
const virtstates = new Map(
  inBlocks.flatMap(({ place, words }) => {
    const taker = takerOf(words);
    const isRun = taker?.kind === 'virtstate';
    return isRun ? [[taker.words.join(' '), { place, words: taker.words }] as const] : [];
  }),
);

const isStaying = ({ words: [name = ''] }: { words: Words }): boolean => stays.includes(name);

test.each(
  [...virtstates.values()]
    .filter((command) => !isStaying(command))
    .map(({ place, words }) => [place, words.join(' '), words] as const),
)(
  '%s: virtstate %s is understood by simulated hosts',
  async (_, __, words) => {
    const given = simulatedWords(words, runId);
    const help = await runHere([given[0] ?? '', '--help'], store);
    // What is for real hosts is only tried.
    const isReal = !words.some((word) => word.startsWith('simulated:'));
    const mayTry = help.stdout.includes('--dry-run') && !given.includes('--dry-run');
    const isOnlyTried = isReal && mayTry;
    const { status, stderr } = await runHere(
      [...given, ...(isOnlyTried ? ['--dry-run'] : [])],
      store,
    );
    // What is named need not be in the simulated world; how it is named has to be right.
    if (!/ is not there| has ended/.test(stderr))
      expect(stderr).not.toContain('virtstate --help tells how');
    expect([0, 2]).toContain(status);
  },
  60_000,
);

test.each(
  [...virtstates.values()]
    .filter(isStaying)
    .map(({ place, words }) => [place, words.join(' '), words] as const),
)(
  '%s: virtstate %s tells where it listens, and ends when it is told to',
  async (_, __, words) => {
    // Another port and another store than those of this machine's user.
    const given = words.map((word, at) => {
      if (words[at - 1] === '--port') return '0';
      return words[at - 1] === '--store' ? store : word;
    });
    const asked = (option: string, value: string) =>
      given.includes(option) ? [] : [option, value];
    const spawned = new Spawned([...given, ...asked('--port', '0'), ...asked('--store', store)]);
    await spawned.untilPrinted('http://127.0.0.1:');
    spawned.process.kill('SIGTERM');
    expect((await spawned.ended()).status).toBe(0);
  },
  60_000,
);
