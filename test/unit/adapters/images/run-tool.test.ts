import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { runTool } from '../../../../src/adapters/images/run-tool.ts';
import type { ToolCall } from '../../../../src/adapters/images/run-tool.ts';
import { toFailure } from '../../../../src/ports/failure.ts';

const unending = new AbortController().signal;
const plain = { what: 'tool', signal: unending, timeoutMs: null, effect: 'unknown' } as const;
/** Tells its number, and would go on for minutes without looking at its input or output. */
const deaf = ['sh', '-c', 'echo $$; exec sleep 600'] as const;

describe('a tool on a host', () => {
  const started: ChildProcess[] = [];
  const launch = (file: string, args: readonly string[]): ChildProcess => {
    const child = spawn(file, args);
    started.push(child);
    return child;
  };
  const run = (call: Partial<ToolCall> & Pick<ToolCall, 'words'>) =>
    runTool('host', launch, { ...plain, ...call });

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  /** A deaf tool, by its number, and how the call ends. */
  async function begin(call: Partial<ToolCall> = {}) {
    const { promise: pid, resolve } = Promise.withResolvers<number>();
    const onOutput = (text: string): void => resolve(Number(text));
    const end = run({ words: deaf, onOutput, ...call }).catch(toFailure);
    return { end, pid: await pid };
  }

  test('is given its words as they are, and its input whole', async () => {
    expect(await run({ words: ['printf', '%s|', 'a b', "it's", '$HOME', '*'] })).toBe(
      "a b|it's|$HOME|*|",
    );
    expect(await run({ words: ['cat'], input: 'x'.repeat(200_000) })).toHaveLength(200_000);
  });

  test('speaks the locale C', async () => {
    expect(await run({ words: ['printenv', 'LC_ALL'] })).toBe('C\n');
  });

  test('is told by its end', async () => {
    const words = ['sh', '-c', 'echo why >&2; exit 3'] as const;
    const failure = await run({ words }).catch(toFailure);
    expect(failure).toEqual({ code: 'imageFailed', message: 'host: tool: why', effect: 'unknown' });
  });

  test('that is not there has done nothing', async () => {
    const failure = await run({ words: ['no-such-tool'] }).catch(toFailure);
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'none' });
  });

  test('that cannot be started has done nothing', async () => {
    const failure = await runTool('host', startNothing, { ...plain, words: ['a'] }).catch(
      toFailure,
    );
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'none' });
  });

  test('ends with the signal', async () => {
    const abort = new AbortController();
    const { end, pid } = await begin({ signal: abort.signal });
    abort.abort();
    expect(await end).toMatchObject({ code: 'aborted', effect: 'unknown' });
    expect(isAlive(pid)).toBe(false);
  });

  test('ends with its bound', async () => {
    const { end, pid } = await begin({ timeoutMs: 200 });
    expect(await end).toMatchObject({ code: 'timedOut', effect: 'unknown' });
    expect(isAlive(pid)).toBe(false);
  });

  test('ends when nobody is there any more who started it', async () => {
    const { end, pid } = await begin();
    const shell = started[0];
    // As when our process is killed: the kernel closes its ends of the pipes.
    shell?.stdin?.destroy();
    expect(await end).toMatchObject({ code: 'imageFailed', effect: 'unknown' });
    expect(isAlive(pid)).toBe(false);
  });

  test('that prints without end is not believed', async () => {
    const failure = await run({ words: ['head', '-c', '9000000', '/dev/zero'] }).catch(toFailure);
    expect(failure).toMatchObject({ code: 'imageFailed' });
  });
});

function startNothing(): ChildProcess {
  return spawn('/nowhere/ssh', []);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
