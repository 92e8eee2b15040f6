import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectError, open, SshError } from '../src/index.ts';

const retryMs = 20;
const patienceMs = 10_000;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ssh-stream-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});
const fileOf = (name: string): string => join(directory, name);

/** A URI whose ssh is this script. */
async function uriWith(name: string, script: string): Promise<string> {
  const path = fileOf(name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return `qemu+ssh://host/system?command=${path}`;
}

async function failure(uri: string): Promise<SshError> {
  const error: unknown = await open(uri).catch((reason: unknown) => reason);
  if (error instanceof SshError) return error;
  throw new Error('there was no SshError', { cause: error });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

describe('an ssh', () => {
  it('that is not there is named', async () => {
    const opening = open(`qemu+ssh://host/system?command=${fileOf('no-ssh')}`);
    await expect(opening).rejects.toThrow(ConnectError);
    await expect(opening).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
  });

  it('that the other side makes shout is kept short and harmless', async () => {
    const shout = "head -c 100000 /dev/zero | tr '\\0' x >&2; printf '\\033[2Jlast\\n' >&2";
    const error = await failure(await uriWith('shouting', `${shout}\nexit 3`));
    expect(error).toMatchObject({ exitCode: 3 });
    expect(error.stderr.length).toBeLessThanOrEqual(2_048);
    expect(error.stderr.endsWith('x[2Jlast')).toBe(true);
  });

  it('that ends in silence is told by how it ended', async () => {
    const error = await failure(await uriWith('silent', 'exit 4'));
    expect(error.message).toContain('ssh ended with status 4: and wrote nothing');
    const killed = await failure(await uriWith('killed', 'kill -9 $$'));
    expect(killed).toMatchObject({ exitCode: null });
    expect(killed.message).toContain('ssh was ended by SIGKILL');
  });

  it('that just hangs up is a daemon that does', async () => {
    const opening = open(await uriWith('polite', 'exit 0'));
    await expect(opening).rejects.toMatchObject({ name: 'ConnectError' });
    await expect(opening).rejects.toThrow('the daemon closed the connection');
  });

  it('is not waited for when it leaves something behind, as a master connection does', async () => {
    const leave = `sleep 1000 & echo $! > ${fileOf('left')}; echo 'no way' >&2; exit 255`;
    const error = await failure(await uriWith('leaving', leave));
    const left = Number(await readFile(fileOf('left'), 'utf8'));
    expect(isAlive(left)).toBe(true);
    process.kill(left, 'SIGKILL');
    expect(error).toMatchObject({ exitCode: 255, stderr: 'no way' });
  });

  it.each([
    ['ends', 'exec sleep 1000'],
    ['is ended by force', "trap '' TERM; while :; do sleep 0.1; done"],
  ])('%s when the opening is given up', async (name, script) => {
    const pidFile = fileOf(`pid ${name}`);
    const uri = await uriWith(name.replaceAll(' ', '-'), `echo $$ > '${pidFile}'; ${script}`);
    const controller = new AbortController();
    const opening = open(uri, { signal: controller.signal });
    opening.catch(() => undefined);
    const signal = AbortSignal.timeout(patienceMs);
    let pid = 0;
    while (pid === 0) {
      signal.throwIfAborted();
      await delay(retryMs);
      if (existsSync(pidFile)) pid = Number(await readFile(pidFile, 'utf8'));
    }
    controller.abort(new Error('not today'));
    await expect(opening).rejects.toThrow('not today');
    while (isAlive(pid)) {
      signal.throwIfAborted();
      await delay(retryMs);
    }
  });
});
