import { z } from 'zod';

/** What the driver has to do after a step is on record, translated from XState's actions. */
export type Command =
  | {
      readonly do: 'startActor';
      readonly id: string;
      readonly src: string;
      readonly input: unknown;
    }
  | { readonly do: 'stopActor'; readonly id: string }
  | {
      readonly do: 'armTimer';
      readonly id: string;
      readonly delayMs: number;
      readonly event: { readonly type: string };
    }
  | { readonly do: 'cancelTimer'; readonly id: string }
  | {
      readonly do: 'sendTo';
      readonly actorId: string;
      readonly event: { readonly type: string };
    };

const event = z.looseObject({ type: z.string() });

/** The shapes of XState 5.33's built-in actions; `params` of a stop is the actor itself. */
const actionShape = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('xstate.spawnChild'),
    params: z.object({ id: z.string(), src: z.string(), input: z.unknown() }),
  }),
  z.object({ type: z.literal('xstate.stopChild'), params: z.object({ id: z.string() }) }),
  z.object({
    type: z.literal('xstate.raise'),
    params: z.object({ event, id: z.string().optional(), delay: z.number().optional() }),
  }),
  z.object({ type: z.literal('xstate.cancel'), params: z.object({ sendId: z.string() }) }),
  z.object({
    type: z.literal('xstate.sendTo'),
    // One with a delay would be lost with the process: only raise has a timer on record.
    params: z.object({ targetId: z.string(), event, delay: z.undefined().optional() }),
  }),
]);

/**
 * Order is kept, with one exception: what is started and stopped within the same step never runs.
 *
 * @throws on an action that charts may not use (see the ban list in the docs)
 */
export function toCommands(actions: readonly unknown[]): Command[] {
  const commands = actions.flatMap((action) => toCommand(action));
  return commands.filter((command, index) => {
    if (command.do !== 'startActor') return true;
    const stopped = commands.findIndex(
      (later, at) => at > index && later.do === 'stopActor' && later.id === command.id,
    );
    return stopped === -1;
  });
}

function toCommand(action: unknown): Command[] {
  const parsed = actionShape.parse(action);
  switch (parsed.type) {
    case 'xstate.spawnChild':
      return [{ do: 'startActor', ...parsed.params }];
    case 'xstate.stopChild':
      return [{ do: 'stopActor', id: parsed.params.id }];
    case 'xstate.cancel':
      return [{ do: 'cancelTimer', id: parsed.params.sendId }];
    case 'xstate.sendTo':
      return [{ do: 'sendTo', actorId: parsed.params.targetId, event: parsed.params.event }];
    case 'xstate.raise': {
      // Without a delay XState has consumed it already.
      const { id, delay, event: raised } = parsed.params;
      if (delay === undefined || id === undefined) return [];
      return [{ do: 'armTimer', id, delayMs: delay, event: raised }];
    }
  }
}
