import { stat } from 'node:fs/promises';
import { FailureError } from '../../ports/failure.ts';
import type { HostImages } from '../../ports/images.ts';
import { questionTimeoutMs } from './run-tool.ts';
import type { Tools } from './tools.ts';
import { requirePaths } from './tools.ts';

/**
 * Of this machine. It is asked for while a guest waits for the answer, and to start a program stops
 * this whole process for longer than the question takes. On a file system that hangs the question
 * goes on behind the end of the wait.
 */
export function hasFileHere(tools: Tools): HostImages['hasFile'] {
  const refused = (code: string, message: string): FailureError =>
    tools.refusal(code, `stat: ${message}`);
  return async (path, signal) => {
    requirePaths(tools, path);
    if (signal.aborted) throw refused('aborted', 'aborted');
    const { promise: given, reject: giveUp } = Promise.withResolvers<never>();
    const onAbort = (): void => giveUp(refused('aborted', 'aborted'));
    const late = refused('timedOut', `no answer within ${questionTimeoutMs} ms`);
    const timer = setTimeout(() => giveUp(late), questionTimeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([stat(path), given]);
      return true;
    } catch (error) {
      if (error instanceof FailureError || !(error instanceof Error)) throw error;
      if ('code' in error && error.code === 'ENOENT') return false;
      throw refused('imageFailed', error.message);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  };
}
