/** One message of an event stream. */
export interface Message {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Reads server-sent events (HTML standard, section 9.2) out of pieces of text. */
export class EventReader {
  #rest = '';

  take(piece: string): Message[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap(read);
  }
}

function read(block: string): Message[] {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name !== '') fields.set(name, value);
  }
  const data = fields.get('data');
  if (data === undefined) return [];
  return [{ id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data }];
}
