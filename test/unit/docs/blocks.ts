import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..', '..');

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** `<!-- KIND: NAME -->` right above it. */
  readonly marker: { readonly kind: string; readonly name: string } | null;
}

/** How a block is known to be true; each is the business of one test file here. */
export type Proof =
  /** examples.test.ts compiles it, with all others, and runs what is a program. */
  | 'compiled'
  /** It is a file of this folder, which is compiled, and run where it is a test. */
  | 'file'
  /** commands.test.ts runs or reads each line. */
  | 'commands'
  /** terminal.test.ts runs the commands and compares what they print. */
  | 'terminal'
  /** data.test.ts reads it as whoever it is written for does. */
  | 'data';

export const pages: readonly string[] = [
  'README.md',
  ...globSync('docs/**/*.md', { cwd: root }).toSorted(),
];

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = textOf(page).split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const opening = /^\s*(`{3,})(.*)$/.exec(lines[at] ?? '');
    if (opening === null) continue;
    const [, fence = '', language = ''] = opening;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    if (end === -1) throw new Error(`${page}:${at + 1}: the block has no end`);
    const code = lines.slice(at + 1, end).join('\n');
    blocks.push({ page, line: at + 1, language, code, marker: markerAbove(lines, at) });
    at = end;
  }
  return blocks;
}

function markerAbove(lines: readonly string[], at: number): Block['marker'] {
  const above = lines.slice(0, at).findLast((line) => line.trim() !== '') ?? '';
  const [, kind, name] = /^<!-- (\w+): (\S+) -->$/.exec(above) ?? [];
  return kind === undefined || name === undefined ? null : { kind, name };
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf);

/** What proves a block; null where nothing does. */
export function proofOf({ code, language, marker }: Block): Proof | null {
  switch (language) {
    case 'ts':
      return marker?.kind === 'file' ? 'file' : 'compiled';
    case 'sh':
      return 'commands';
    case 'json':
    case 'xml':
    case 'ini':
      return 'data';
    case '':
      return code.startsWith('$ ') ? 'terminal' : null;
    default:
      return null;
  }
}

export function provedBy(proof: Proof): readonly Block[] {
  return blocks.filter((block) => proofOf(block) === proof);
}

export function placeOf({ line, page }: Pick<Block, 'line' | 'page'>): string {
  return `${page}:${line}`;
}
