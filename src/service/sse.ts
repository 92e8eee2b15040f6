/** Server-sent events as text (HTML standard, section 9.2). */

export const eventStreamType = 'text/event-stream';

/** Without an id, a message leaves the last one as it is. */
export function message(event: string, data: unknown, id?: string): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    `event: ${event}`,
    // JSON has no line break outside its texts, and none in them.
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}

export const comment = (words: string): string => `: ${words}\n\n`;
