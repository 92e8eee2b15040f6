import { z } from 'zod';

import { inFlight, leaveUnfinished, stepsPerS, syncsPerS, takeOverS } from './measures.ts';

/** One measurement in a process of its own; the answer is one line of JSON. */
const request = z.discriminatedUnion('measure', [
  z.object({ measure: z.literal('steps'), runs: z.number(), steps: z.number() }),
  z.object({
    measure: z.literal('inFlight'),
    runs: z.number(),
    eventsPerS: z.number(),
    seconds: z.number(),
  }),
  z.object({ measure: z.literal('leave'), runs: z.number() }),
  z.object({ measure: z.literal('takeOver'), runs: z.number() }),
  z.object({ measure: z.literal('syncs') }),
]);

export type EngineRequest = z.infer<typeof request>;

async function measure(asked: EngineRequest, directory: string): Promise<unknown> {
  switch (asked.measure) {
    case 'steps':
      return { value: await stepsPerS(directory, asked.runs, asked.steps) };
    case 'inFlight':
      return inFlight(directory, asked);
    case 'leave':
      await leaveUnfinished(directory, asked.runs);
      return {};
    case 'takeOver':
      return { value: await takeOverS(directory, asked.runs) };
    case 'syncs':
      return { value: syncsPerS(directory) };
  }
}

const [directory = '', asked = ''] = process.argv.slice(2);
const answer = await measure(request.parse(JSON.parse(asked)), directory);
process.stdout.write(`${JSON.stringify(answer)}\n`);
