import type { RunEvent } from './events.ts';
import type { Family } from './family.ts';

const nothing = (): void => undefined;

/**
 * What a family tells from now on, to its end. Whoever reads slowly gets every step, and of the
 * progress only what is new.
 */
export function follow(family: Family, ending: Promise<unknown>): AsyncIterableIterator<RunEvent> {
  const unread: RunEvent[] = [];
  let isOver = false;
  let wake = nothing;
  const listen = (event: RunEvent): void => {
    const last = unread.at(-1);
    if (event.type === 'progress' && last?.type === 'progress') unread.pop();
    unread.push(event);
    wake();
  };
  const end = (): void => {
    isOver = true;
    family.listeners.delete(listen);
    wake();
  };
  family.listeners.add(listen);
  void ending.then(end);
  const read = async function* (): AsyncGenerator<RunEvent, void, void> {
    try {
      for (;;) {
        const next = unread.shift();
        if (next !== undefined) yield next;
        else if (isOver) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      end();
    }
  };
  return read();
}
