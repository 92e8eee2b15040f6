import { z } from 'zod';

import type { MigrationCommand, SwapCommand } from '../../../machines/index.ts';
import { didYouMean } from '../../requests/nearest.ts';
import { downtimeMsMax } from '../options/option-values.ts';

type Command = MigrationCommand | Pick<SwapCommand, 'type'>;

export type ParsedCommand =
  | { readonly understood: true; readonly command: Command }
  | { readonly understood: false; readonly reason: string };

const plainCommands = [
  'abort',
  'postcopy.start',
  'force.complete',
  'postcopy.recover',
  'postcopy.giveUp',
  'confirm',
  'undo',
] as const;
type PlainCommand = (typeof plainCommands)[number];

/** What a person says in a word. */
const events = {
  abort: 'abort.requested',
  confirm: 'confirm.requested',
  undo: 'undo.requested',
} as const;
const isWord = (word: PlainCommand): word is keyof typeof events => Object.hasOwn(events, word);

/** Commands with a number, its bounds and its unit. */
const numbered = {
  'bandwidth.set': { least: 0, most: 1_000_000, unit: 'MiB/s, 0: unlimited' },
  'downtime.set': { least: 1, most: downtimeMsMax, unit: 'ms' },
} as const;
type NumberedCommand = keyof typeof numbered;

const isPlain = (word: string): word is PlainCommand => plainCommands.some((name) => name === word);
const isNumbered = (word: string): word is NumberedCommand => Object.hasOwn(numbered, word);
const wrong = (reason: string): ParsedCommand => ({ understood: false, reason });
const commandNames = [...plainCommands, ...Object.keys(numbered)];

/** The command that stands for an event of the machine; `null`: it is none that a person sends. */
export function commandFor(eventType: string): string | null {
  const word = plainCommands.filter(isWord).find((one) => events[one] === eventType);
  if (word !== undefined) return word;
  return isPlain(eventType) || isNumbered(eventType) ? eventType : null;
}

/** One line of standard input as what the machine may be sent. */
export function parseCommand(line: string): ParsedCommand {
  const [word = '', ...values] = line.trim().split(/\s+/);
  if (isNumbered(word)) return parseNumbered(word, values);
  if (!isPlain(word))
    return wrong(`there is ${commandNames.join(', ')}${didYouMean(word, commandNames)}`);
  if (values.length > 0) return wrong(`${word} takes no value`);
  const type = isWord(word) ? events[word] : word;
  return { understood: true, command: { type } };
}

function parseNumbered(word: NumberedCommand, values: readonly string[]): ParsedCommand {
  const { least, most, unit } = numbered[word];
  const text = z
    .string()
    .regex(/^[0-9]{1,7}$/)
    .safeParse(values[0]);
  const value = text.success ? Number(text.data) : Number.NaN;
  if (values.length !== 1 || !(value >= least && value <= most))
    return wrong(`${word} takes one whole number from ${least} to ${most} (${unit})`);
  const command: MigrationCommand =
    word === 'bandwidth.set' ? { type: word, mibPerS: value } : { type: word, downtimeMs: value };
  return { understood: true, command };
}
