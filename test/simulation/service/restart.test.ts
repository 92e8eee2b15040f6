import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { followEvents, migrationOf, scratchDirectory } from '../../support/served.ts';
import { readLines, Spawned } from '../../unit/cli/spawned.ts';

const timeout = 60_000;

/** `virtstate serve` as a process of its own. */
class Server {
  readonly spawned: Spawned;
  readonly url: string;

  private constructor(spawned: Spawned, url: string) {
    this.spawned = spawned;
    this.url = url;
  }

  static async start(...words: string[]): Promise<Server> {
    const spawned = new Spawned(['serve', '--json', ...words]);
    await Promise.race([spawned.untilPrinted('serve.started'), once(spawned.process, 'exit')]);
    const [line] = readLines(spawned.printed);
    if (line === undefined) throw new Error((await spawned.ended()).stderr);
    return new Server(spawned, String(line['url']));
  }

  async create(domain: string): Promise<string> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': domain };
    const body = JSON.stringify(migrationOf(domain));
    const answer = await fetch(`${this.url}/v1/runs`, { method: 'POST', headers, body });
    return ((await answer.json()) as { run: string }).run;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.spawned.process.kill(signal);
    return (await this.spawned.ended()).status;
  }
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'after %s in the middle of a run the next start goes on with it, and its follower misses nothing',
  { timeout },
  async (signal) => {
    const place = join(scratchDirectory(), 'runs.db');
    const first = await Server.start('--port', '0', '--store', place);
    const run = await first.create('busy');
    const { port } = new URL(first.url);
    let isTold = false;
    const followed = followEvents(`${first.url}/v1/runs/${run}/events`, null, (events) => {
      const isMoving = events.some(({ data }) => JSON.stringify(data).includes('precopying'));
      if (isMoving && !isTold) first.spawned.process.kill(signal);
      isTold ||= isMoving;
      return false;
    });
    const before = (await followed).events;
    expect((await first.spawned.ended()).status).toBe(signal === 'SIGTERM' ? 0 : null);
    const last = before.findLast(({ id }) => id !== '')?.id ?? '';
    expect(Number(last)).toBeGreaterThan(5);

    const second = await Server.start('--port', port, '--store', place);
    expect(readLines(second.spawned.printed)[0]).toMatchObject({ resumed: 1, parked: 0 });
    expect(await second.create('busy')).toBe(run);
    const after = await followEvents(`${second.url}/v1/runs/${run}/events`, last);
    expect(after.events.at(-1)).toMatchObject({ event: 'run.finished' });
    const seen = [...before, ...after.events].filter(({ event }) => event === 'step');
    expect(seen.map(({ id }) => Number(id))).toEqual(seen.map((_, at) => at + 1));
    const shown = await (await fetch(`${second.url}/v1/runs/${run}`)).json();
    expect(seen).toHaveLength((shown as { path: unknown[] }).path.length);
    expect(await second.end('SIGTERM')).toBe(0);
  },
);

test('others than this machine reach it by TLS and with tokens only', { timeout }, async () => {
  const refused = await new Spawned(['serve', '--host', '0.0.0.0', '--port', '0']).ended();
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('takes serve.tls and serve.tokens');
});

test('a token that is weak, or is not there, is told by its field', { timeout }, async () => {
  const directory = scratchDirectory();
  const path = join(directory, 'virtstate.config.json');
  const secret = { file: 'token' };
  writeFileSync(path, JSON.stringify({ serve: { tokens: [{ name: 'a', role: 'read', secret }] } }));
  const start = () => new Spawned(['serve', '--port', '0', '--config', path]).ended();
  const missing = await start();
  expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('tokens.0.secret') });
  writeFileSync(join(directory, 'token'), 'short-one\n');
  const weak = await start();
  expect(weak.status).toBe(2);
  expect(weak.stderr).toContain('serve.tokens.0.secret must be at least 16');
  expect(weak.stderr).not.toContain('short-one');
});
