import { EventReader } from './event-stream.ts';
import type { Message } from './event-stream.ts';
import { heard, Refusal } from './server.ts';
import type { Server } from './server.ts';
import type { RunRow, Step, Stream } from './wire.ts';

export interface Listeners {
  steps(steps: readonly Step[]): void;
  progress(streams: readonly Stream[]): void;
  end(run: RunRow): void;
  /** `null`: it listens. */
  trouble(why: string | null): void;
}

const patienceMs = [300, 1_000, 2_000, 5_000];

/** Follows a run from its beginning to its end, over broken connections and restarts of the service. */
export async function followRun(
  server: Server,
  run: string,
  { listeners, signal }: { readonly listeners: Listeners; readonly signal: AbortSignal },
): Promise<void> {
  let last = '';
  let attempt = 0;
  const take = (messages: readonly Message[]): void => {
    attempt = 0;
    last = messages.findLast(({ id }) => id !== null)?.id ?? last;
    tell(messages, listeners);
  };
  while (!signal.aborted) {
    try {
      const response = await server.ask(`/v1/runs/${encodeURIComponent(run)}/frames`, {
        signal,
        headers: last === '' ? {} : { 'last-event-id': last },
      });
      listeners.trouble(null);
      await readAll(response, take);
      // What has ended has told so; whatever else ends a stream is come back from.
      if (response.status === 204 || last.endsWith('-end')) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status < 429) throw error;
      listeners.trouble(error instanceof Error ? error.message : String(error));
    }
    const pauseMs = patienceMs[Math.min(attempt, patienceMs.length - 1)] ?? 0;
    attempt += 1;
    await pause(pauseMs, signal);
  }
}

async function readAll(
  { body }: Response,
  take: (messages: readonly Message[]) => void,
): Promise<void> {
  if (body === null) return;
  const pieces = body.pipeThrough(new TextDecoderStream()).getReader();
  const reader = new EventReader();
  for (;;) {
    const { done, value } = await heard(pieces.read());
    if (done) return;
    take(reader.take(value));
  }
}

/** Steps that came together are told together. */
function tell(messages: readonly Message[], listeners: Listeners): void {
  const steps: Step[] = [];
  for (const { data, event } of messages) {
    if (event === 'step') steps.push(JSON.parse(data));
    if (event === 'progress') listeners.progress(JSON.parse(data).streams);
  }
  if (steps.length > 0) listeners.steps(steps);
  const end = messages.find(({ event }) => event === 'run.finished');
  if (end !== undefined) listeners.end(JSON.parse(end.data).run);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  return promise;
}
