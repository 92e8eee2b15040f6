import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { readLines, virtstate } from './spawned.ts';

const timeout = 60_000;

/** The path of a configuration file with this in it. */
function configured(content: object): string {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-configured-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'virtstate.config.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const hosts = { first: { uri: 'simulated:///hostA' }, other: { uri: 'simulated:///hostB' } };

test('names stand where URIs do', { timeout }, async () => {
  const config = configured({ hosts });
  const words = [
    'migrate',
    'idle',
    '--from',
    'first',
    '--to',
    'other',
    '--config',
    config,
    '--json',
  ];
  const { status, stdout, stderr } = await virtstate(...words);
  expect(stderr).toBe('');
  expect(readLines(stdout)[0]).toMatchObject({ from: hosts.first.uri, to: hosts.other.uri });
  expect(status).toBe(0);
  const doctor = await virtstate('doctor', 'first', '--peer', 'other', '--config', config);
  expect(doctor).toMatchObject({ status: 0, stderr: '' });
});

test(
  'how other hosts reach a named one is what the source daemon is told',
  { timeout },
  async () => {
    const peerUri = 'simulated:///elsewhere';
    const config = configured({ hosts: { ...hosts, other: { ...hosts.other, peerUri } } });
    const ends = ['--from', 'first', '--to', 'other'];
    const words = ['migrate', 'idle', ...ends, '--dry-run', '--config', config];
    const { stdout, status } = await virtstate(...words);
    expect(stdout).toContain(`cannot open ${peerUri}: `);
    // The machine says the option of its input.
    expect(stdout).toContain('give the URI that works from there with --dconnuri');
    expect(status).toBe(2);
    const doctor = await virtstate('doctor', 'first', '--peer', 'other', '--config', config);
    expect(doctor.stdout).toContain(`cannot reach ${peerUri}: `);
    const typed = await virtstate(...words, '--dconnuri', 'first');
    expect(typed.stdout).not.toContain(peerUri);
    expect((await virtstate(...words, '--protocol', 'direct')).status).toBe(0);
  },
);

test.each([
  ['swap', 'demo', 'vda', '--to', '/backup/new.qcow2', '--create'],
  ['snapshot', 'demo', '--to', '/backup', '--name', 'one'],
  ['save', 'demo', '--managed'],
  ['revert', 'demo', 'one'],
  ['delete-snapshot', 'demo', 'one'],
  ['merge', 'demo', 'vda'],
])('a name stands for the host of %s, whose places stay places', { timeout }, async (...words) => {
  const config = configured({ hosts });
  const { stderr, stdout } = await virtstate(
    ...words,
    '--on',
    'first',
    '--dry-run',
    '--config',
    config,
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(ok|objection) +\w+/);
});

test('a name stands for the host of a tree', { timeout }, async () => {
  const words = ['tree', 'demo', '--on', 'first', '--config', configured({ hosts })];
  expect(await virtstate(...words)).toMatchObject({ status: 0, stderr: '' });
});

test('a name that is not known is told with the nearest one', { timeout }, async () => {
  const words = ['migrate', 'idle', '--from', 'frist', '--to', 'other'];
  const { status, stderr } = await virtstate(...words, '--config', configured({ hosts }));
  expect(stderr).toMatch(/--from "frist" is neither .*; did you mean first\?; nothing was touched/);
  expect(status).toBe(2);
});

test('defaults stand in for what is not typed', { timeout }, async () => {
  const defaults = { commands: { migrate: { 'max-downtime': 'x' } } };
  const config = configured({ hosts, defaults });
  const words = ['migrate', 'idle', '--from', 'first', '--to', 'other', '--config', config];
  const wrong = await virtstate(...words);
  expect(wrong.stderr).toContain('--max-downtime "x" is not a whole number');
  const typed = await virtstate(...words, '--max-downtime', '300');
  expect(typed.status).toBe(0);
});

test('a default for an option that there is not is told', { timeout }, async () => {
  const defaults = { commands: { runs: { limt: 3 } } };
  const { status, stderr } = await virtstate('runs', '--config', configured({ defaults }));
  expect(stderr).toContain('defaults.commands.runs.limt is no option; did you mean limit?');
  expect(status).toBe(2);
});

test('defaults of a command that there is not are told with the nearest', { timeout }, async () => {
  const config = configured({ defaults: { commands: { migrat: { policy: 'gentle' } } } });
  const { status, stderr } = await virtstate('runs', '--config', config);
  expect(stderr).toContain('defaults.commands.migrat is no command; did you mean migrate?');
  expect(status).toBe(2);
});
