import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';

/** A tool that ended with anything but success. */
export interface ToolEnd {
  /** The host, as messages name it. */
  readonly uri: string;
  /** What was done, as `qemu-img convert`. */
  readonly what: string;
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** What it wrote to its error output last, in the locale C. */
  readonly stderr: string;
  /** What an error may have left behind, where the tool does not tell. */
  readonly effect: FailureEffect;
}

/**
 * qemu-img and the coreutils tell what went wrong only by their text, which is the C library's for
 * errno in the locale C, and QEMU's own for locks and formats. The first that fits counts.
 */
const causes: readonly { readonly code: string; readonly pattern: RegExp }[] = [
  { code: 'imageInUse', pattern: /Failed to (?:get (?:shared )?"[\w ]+" lock|lock byte)/ },
  // A cluster that does not know who asks; librados calls its configuration or key `No such file`.
  { code: 'imageFailed', pattern: /error connecting/ },
  {
    code: 'noSpace',
    pattern: /No space left on device|Disk quota exceeded|File too large/,
  },
  {
    code: 'unknownFormat',
    pattern:
      /Unknown (?:file format|driver)|not in \w+ format|invalid VMDK image descriptor|Format driver .* does not support/,
  },
  { code: 'imageExists', pattern: /File exists|not replacing/ },
  { code: 'noSuchImage', pattern: /No such file or directory/ },
];

/** Refusals that come before anything is written. */
const touchedNothing: ReadonlySet<string> = new Set([
  'imageInUse',
  'unknownFormat',
  'imageExists',
  'noSuchImage',
  'imageToolsUnreachable',
]);

/** What ssh, and a shell that does not find its program, end with. */
const sshFailed = 255;
const notRunnable: ReadonlySet<number | null> = new Set([126, 127]);

/** A tool's end as the port's failure, with the last that it said. */
export function toToolFailure(end: ToolEnd): FailureError {
  const code = codeOf(end);
  const isHarmless = touchedNothing.has(code) && end.exitCode !== sshFailed;
  const message = `${end.uri}: ${end.what}: ${saidLast(end)}`;
  return new FailureError({ code, message, effect: isHarmless ? 'none' : end.effect });
}

function codeOf({ exitCode, stderr }: ToolEnd): string {
  if (exitCode === sshFailed || notRunnable.has(exitCode)) return 'imageToolsUnreachable';
  return causes.find(({ pattern }) => pattern.test(stderr))?.code ?? 'imageFailed';
}

/** From the last line on that names the tool: what follows there explains it, or asks a question. */
function saidLast({ exitCode, killedBy, stderr, what }: ToolEnd): string {
  const prefix = `${what.split(' ')[0]}: `;
  const lines = printable(stderr)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const from = lines.findLastIndex((line) => line.startsWith(prefix));
  const said = lines.slice(from).join(' ').trim();
  const plain = said.startsWith(prefix) ? said.slice(prefix.length) : said;
  if (plain !== '') return plain.slice(-messageCharactersMax);
  return killedBy === null ? `ended with status ${exitCode}` : `was ended by ${killedBy}`;
}

const messageCharactersMax = 500;

/** A file's name stands in there: nothing in it may move the cursor of whoever reads it. */
function printable(text: string): string {
  return text.replaceAll(/[^\n\P{C}]/gu, '');
}
