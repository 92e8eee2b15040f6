import { expect, test } from 'vitest';

import { readLines, virtstate } from './spawned.ts';

const timeoutMs = 60_000;
const a = 'simulated:///hostA';
const b = 'simulated:///hostB';

test.each([
  [['migrate', 'nope', '--from', a, '--to', b], 'hostA has no domain nope'],
  [['migrate', 'idle', '--from', 'simulated:///hostX', '--to', b], 'no such host'],
  [['migrate', 'idle', '--from', a, '--to', a], 'same host'],
  [['migrate', 'idle', '--from', 'qemu+tcp://127.0.0.1:1/system', '--to', b], 'ECONNREFUSED'],
  [['migrate', 'idle', '--from', 'http://hostA/', '--to', b], 'driver "http"'],
  [['migrate', 'idle', '--from', 'hostA', '--to', b], 'no connection URI'],
  [['migrate', 'idle', '--from', a, '--to', 'qemu:///system'], 'give --dconnuri'],
  [['migrate', 'idle', '--from', a, '--to', b, '--bandwidth', 'fast'], '--bandwidth "fast"'],
  [['migrate', 'idle', '--from', a, '--to', b, '--frob'], "unknown option '--frob'"],
  [['migrate', 'idle', '--from', a, '--to', b, '--protocol', 'p2p'], 'there is peer2peer'],
  [['migrate', 'idle', '--from', a, '--to', b, '--policy', 'hasty'], 'there is minimal-downtime'],
  [
    ['migrate', 'idle', '--from', a, '--to', b, '--protocol', 'tunnelled', '--postcopy'],
    'a tunnel only goes forward',
  ],
  [['migrate', 'idle', '--from', a, '--to', b, '--xml', '/no/such'], 'cannot be read'],
  [['migrate', 'idle', '--from', a, '--to', b, '--log-level', 'loud'], 'log-level'],
  [['migrate', 'idle', '--to', b], "required option '--from <uri>'"],
  [['migrate', 'idle', '--form', a, '--to', b], "'--form'; did you mean --from?"],
  [['migrate'], '--from'],
  [['frob'], "unknown command 'frob'"],
  [['migrat'], 'Did you mean migrate?'],
  [['runs', '--unfinshed'], 'Did you mean --unfinished?'],
  [['migrate', 'idle', '--from', a, '--to', b, '--protocol', 'driect'], 'did you mean direct?'],
  [['migrate', 'idle', '--from', a, '--to', b, '--policy', 'gentel'], 'did you mean gentle?'],
  [['migrate', 'idle', '--from', a, '--to', 'simulated:///hostC'], 'there is hostA, hostB'],
  [['snapshot', 'demo', '--on', a, '--kind', 'lvie'], 'did you mean live?'],
  [['send', 'some', 'abrot'], 'did you mean abort?'],
  [['diagram', 'volume-swop'], 'did you mean volume-swap?'],
  [['migrate', 'idle', '--from', a, '--to', b, '--inspect', 'http://x'], 'give ws://HOST:PORT'],
  [['doctor', 'simulated:///hostX'], 'no such host'],
  [['doctor', 'hostX'], 'no connection URI'],
])('%j: one line, exit 2, nothing touched', { timeout: timeoutMs }, async (words, reason) => {
  const { status, stderr } = await virtstate(...words);
  expect(stderr.split('\n')).toHaveLength(2);
  expect(stderr).toMatch(/^virtstate: .*nothing was touched/);
  expect(stderr).toContain(reason);
  expect(status).toBe(2);
});

test('a run that is refused ends its NDJSON with the failure', { timeout: timeoutMs }, async () => {
  const { status, stdout } = await virtstate('migrate', 'nope', '--from', a, '--to', b, '--json');
  expect(readLines(stdout).at(-1)).toMatchObject({
    type: 'run.finished',
    outcome: 'refused',
    failure: { code: 'domainExists' },
    phases: [],
    artefacts: [],
  });
  expect(status).toBe(2);
});

test('wrong usage starts no run: standard output stays empty', { timeout: timeoutMs }, async () => {
  const words = ['--from', a, '--to', b, '--timeout', 'soon', '--json'];
  const { stdout } = await virtstate('migrate', 'idle', ...words);
  expect(stdout).toBe('');
});
