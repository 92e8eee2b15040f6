import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { Launch } from './launch.ts';
import { toToolFailure } from './tool-failure.ts';

export interface ToolCall {
  /** As messages name it: `qemu-img convert`. */
  readonly what: string;
  /** Program and arguments. */
  readonly words: readonly [string, ...string[]];
  readonly signal: AbortSignal;
  /** `null`: as long as it takes. */
  readonly timeoutMs: number | null;
  /** What an error may have left behind. */
  readonly effect: FailureEffect;
  /** Its input; without it, the end of its input is the end of the tool. */
  readonly input?: string;
  /** Is given its output as it comes, which is not collected then. */
  readonly onOutput?: (text: string) => void;
}

/** Plain questions answer at once, also on a disk that is busy. */
export const questionTimeoutMs = 60_000;
const outputCharactersMax = 8 * 2 ** 20;
const stderrCharactersMax = 4_096;
/** How long after its input has ended a tool may take to end. */
const endTimeoutMs = 5_000;

/**
 * Runs the words that follow it. Whoever started this, here or through ssh, holds its input open: when
 * that ends, because they gave up or died, the tool is ended, which would otherwise write on unseen.
 * (PATH finds the tools; the locale C is the one whose messages are known.)
 */
const untilInputEnds = `
export LC_ALL=C
exec 3<&0 </dev/null
"$@" 3<&- &
tool=$!
{ read -r _; kill "$tool"; } <&3 >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$tool"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
`;

/**
 * Runs one tool on a host to its end and returns what it printed.
 *
 * @throws FailureError of {@link toToolFailure}, `aborted`, `timedOut`
 */
export async function runTool(uri: string, launch: Launch, call: ToolCall): Promise<string> {
  const { signal, timeoutMs, what } = call;
  if (signal.aborted) throw ended(uri, call, 'aborted', 'none');
  // What ends by itself within moments needs no guard, which costs more than most of it.
  const isGuarded = timeoutMs === null && call.input === undefined;
  const child = isGuarded
    ? launch('sh', ['-c', untilInputEnds, 'sh', ...call.words])
    : launch('env', ['LC_ALL=C', ...call.words]);
  const output = new Output(child, call.onOutput);
  const closed = closeOf(child);
  const bound =
    timeoutMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const onBound = (): void => end(child, isGuarded);
  bound.addEventListener('abort', onBound, { once: true });
  if (!isGuarded) child.stdin?.end(call.input);
  try {
    const { exitCode, killedBy, error } = await closed;
    if (signal.aborted) throw ended(uri, call, 'aborted', call.effect);
    if (bound.aborted) throw ended(uri, call, 'timedOut', call.effect);
    if (error !== null)
      throw new FailureError(
        {
          code: 'imageToolsUnreachable',
          message: `${uri}: ${what}: ${error.message}`,
          effect: 'none',
        },
        { cause: error },
      );
    if (exitCode === 0 && !output.isCut) return output.text;
    const stderr = output.isCut ? 'it printed more than it should' : output.stderr;
    throw toToolFailure({ uri, what, exitCode, killedBy, stderr, effect: call.effect });
  } finally {
    bound.removeEventListener('abort', onBound);
    child.stdin?.destroy();
  }
}

/** What a tool prints, as much of it as anybody needs. */
class Output {
  text = '';
  stderr = '';
  isCut = false;

  constructor(child: ChildProcess, onOutput: ((text: string) => void) | undefined) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (onOutput !== undefined) onOutput(text);
      else if (this.text.length + text.length <= outputCharactersMax) this.text += text;
      else this.isCut = true;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-stderrCharactersMax);
    });
    // What broke the pipe is told by the end of the tool, which follows.
    child.stdin?.on('error', () => undefined);
  }
}

interface Close {
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** It could not be started. */
  readonly error: Error | null;
}

/** The tool has ended, and all that it printed is here. */
async function closeOf(child: ChildProcess): Promise<Close> {
  const { promise, resolve } = Promise.withResolvers<Close>();
  child.once('error', (error) => {
    if (child.pid === undefined) resolve({ exitCode: null, killedBy: null, error });
  });
  child.once('close', (exitCode, killedBy) => resolve({ exitCode, killedBy, error: null }));
  return promise;
}

/** By the end of its input, which also ends what runs on the other side; one that is stuck by force. */
function end(child: ChildProcess, isGuarded: boolean): void {
  child.stdin?.destroy();
  if (!isGuarded) child.kill();
  const patience = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  void once(child, 'exit').finally(() => clearTimeout(patience));
}

function ended(
  uri: string,
  { what, timeoutMs }: ToolCall,
  code: 'aborted' | 'timedOut',
  effect: FailureEffect,
): FailureError {
  const how = code === 'aborted' ? 'aborted' : `no answer within ${timeoutMs} ms`;
  return new FailureError({ code, message: `${uri}: ${what}: ${how}`, effect });
}
