import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { placeOf, provedBy } from './blocks.ts';
import { runHere } from './run-here.ts';
import { commandsOf } from './shell.ts';
import { simulatedWords } from './simulated-words.ts';

const folder = mkdtempSync(join(tmpdir(), 'virtstate-docs-'));
const store = join(folder, 'runs.db');
afterAll(() => rmSync(folder, { recursive: true }));

interface Exchange {
  readonly command: string;
  readonly printed: readonly string[];
}

/** Commands after `$`, each with what it prints. */
function exchangesOf(code: string): Exchange[] {
  const joined = code.replaceAll(/\\\n\s*/g, ' ');
  return joined
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command = '', ...printed] = part.split('\n');
      return { command, printed: printed.filter((line) => line !== '' && line !== '...') };
    });
}

/** Without what is different each time: times, sizes, ids, names of what stands for what. */
function plain(line: string): string {
  return line
    .replaceAll('demo.img', 'db1.qcow2')
    .replaceAll(/\bdemo\b/g, 'db1')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'RUN')
    .replaceAll(/\bpid \d+/g, 'PID')
    .replaceAll(/\d[\d.:]*( (KiB|MiB|GiB|ms|min|s))?/g, 'N')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const shown = provedBy('terminal');

test('pages show terminals', () => {
  expect(shown.length).toBeGreaterThan(1);
});

test.each(shown.map((block) => [placeOf(block), block.code] as const))(
  '%s: the commands print what stands there, in that order',
  async (_, code) => {
    let runId = '';
    for (const { command, printed } of exchangesOf(code)) {
      const [words = []] = commandsOf(command.replace(/^npx virtstate /, ''));
      const { stderr, stdout } = await runHere(simulatedWords(words, runId), store);
      runId = /^.* run ([0-9a-f-]{36})$/m.exec(stdout)?.[1] ?? runId;
      const lines = `${stdout}\n${stderr}`.split('\n').map(plain);
      let from = 0;
      for (const line of printed) {
        const at = lines.indexOf(plain(line), from);
        expect(at, `${command}: ${line}\n\n${stdout}`).toBeGreaterThanOrEqual(from);
        from = at + 1;
      }
    }
  },
  120_000,
);
