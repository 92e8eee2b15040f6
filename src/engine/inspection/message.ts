import { configure } from 'safe-stable-stringify';
import type { AnyStateMachine, EventObject } from 'xstate';

import { mapTexts, redactText } from '../redaction.ts';

/** Of `@statelyai/inspect`, whose messages these are. */
const protocolVersion = '0.7.2';
/** As deep as that package writes. */
const depthMax = 10;
const stringify = configure({ maximumDepth: depthMax });

interface OfActor {
  readonly _version: string;
  /** Milliseconds since the epoch, as a text. */
  readonly createdAt: string;
  readonly id: null;
  /** Session of the run at the top. */
  readonly rootId: string;
  readonly sessionId: string;
}

/**
 * A message of `@statelyai/inspect`: an actor is there, an event is on its way to it, it has taken the
 * event. All of it is JSON, without secrets.
 */
export type InspectionMessage =
  | (OfActor & {
      readonly type: '@xstate.actor';
      readonly name: string;
      readonly parentId?: string;
      /** The machine's chart as a text of JSON. */
      readonly definition: string;
      readonly snapshot: unknown;
    })
  | (OfActor & {
      readonly type: '@xstate.event';
      readonly event: EventObject;
      readonly sourceId?: string;
    })
  | (OfActor & {
      readonly type: '@xstate.snapshot';
      readonly event: EventObject;
      readonly snapshot: unknown;
    });

type Told<Message> = Message extends unknown
  ? Omit<Message, '_version' | 'createdAt' | 'id' | 'rootId'>
  : never;
/** What differs from message to message. */
export type ToldOfActor = Told<InspectionMessage>;

/** As it goes over the wire: cut at the package's depth, so that both say the same. */
export function toMessage(
  told: ToldOfActor,
  { atEpochMs, rootId }: { readonly atEpochMs: number; readonly rootId: string },
): InspectionMessage {
  const about = { _version: protocolVersion, createdAt: String(atEpochMs), id: null, rootId };
  const message: InspectionMessage = JSON.parse(stringify({ ...told, ...about }) ?? 'null');
  return mapTexts(message, shown);
}

/** The chart of a machine, as the package has it; of an effect nothing but its name. */
export function definitionOf(machine: AnyStateMachine | null, name: string): string {
  const config: object = machine?.config ?? { id: name };
  const known = definitions.get(config) ?? stringify(config, nameFunctions) ?? '';
  definitions.set(config, known);
  return known;
}

const definitions = new WeakMap<object, string>();

function nameFunctions(_: string, value: unknown): unknown {
  return typeof value === 'function' ? { type: value.name } : value;
}

function shown(text: string): string {
  return text.startsWith('sealed:') ? '(kept secret)' : redactText(text, []);
}
