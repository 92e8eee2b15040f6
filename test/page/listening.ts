import { once } from 'node:events';

import { readLines, Spawned } from '../unit/cli/spawned.ts';

/** A process that listens, and where. */
export interface Listening {
  readonly spawned: Spawned;
  readonly url: string;
}

/** The command line as `serve` or `inspect`, on a port that is free where none is given. */
export async function listening(
  words: readonly string[],
  port: number | string = 0,
): Promise<Listening> {
  const spawned = new Spawned([...words, '--json', '--port', `${port}`]);
  await Promise.race([spawned.untilPrinted('.started'), once(spawned.process, 'exit')]);
  const [line] = readLines(spawned.printed);
  if (line === undefined) throw new Error((await spawned.ended()).stderr);
  return { spawned, url: String(line['url']) };
}

/** Starts a run at a service and tells its id. */
export async function startAt(url: string, asked: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(asked);
  const answer = await fetch(`${url}/v1/runs`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(text);
  const { run }: { run: string } = JSON.parse(text);
  return run;
}

/** As by `kill -9`, in the middle of whatever it does. */
export async function kill({ spawned }: Listening): Promise<void> {
  spawned.process.kill('SIGKILL');
  await spawned.ended();
}
