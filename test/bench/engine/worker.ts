import { z } from 'zod';

import {
  answerP99Ms,
  hold,
  inFlight,
  leaveUnfinished,
  stepsPerS,
  syncsPerS,
  takeOverS,
} from './measures.ts';

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
  z.object({ measure: z.literal('hold') }),
  z.object({ measure: z.literal('answer') }),
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
    case 'hold':
      await hold(directory);
      return {};
    case 'answer':
      return { value: await answerP99Ms(directory) };
  }
}

const [directory = '', asked = ''] = process.argv.slice(2);
const answer = await measure(request.parse(JSON.parse(asked)), directory);
process.stdout.write(`${JSON.stringify(answer)}\n`);
