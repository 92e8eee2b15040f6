import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { Output } from '../../../src/cli/output.ts';
import { runCommand } from '../../../src/cli/program.ts';

const input = (): PassThrough => new PassThrough();

/** What `virtstate WORDS --help` prints where nobody tells how wide it may be. */
async function helpOf(...words: readonly string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new Output({ stdout, stderr });
  const around = { output, terminal: null, environment: {}, now: () => 0, input };
  expect(await runCommand([...words, '--help'], '0.0.0', around)).toBe(0);
  stdout.end();
  return text(stdout);
}

const all = await helpOf();
const commands = [...all.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name = '']) => name);

test('every command is listed', () => {
  expect(commands).toEqual(expect.arrayContaining(['migrate', 'undo', 'runs', 'diagram', 'demo']));
});

test.each(['', ...commands.filter((name) => name !== 'help')])(
  'the help of "%s" fits 80 columns',
  async (name) => {
    const lines = (name === '' ? all : await helpOf(name)).split('\n');
    expect(lines.filter(({ length }) => length > 80)).toEqual([]);
  },
);
