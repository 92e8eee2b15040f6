import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

/** As claims have it: another number in every process. */
const ourName = `${hostname()}:${process.pid}`;

/** All that happened, line by line. */
export class EventLog {
  readonly #lines: string[] = [];

  note(atEpochMs: number, who: string, what: string): void {
    this.#lines.push(`${atEpochMs} ${who} ${what}`);
  }

  get lines(): string[] {
    return this.#lines.map((line) => line.replaceAll(ourName, 'this process'));
  }

  /** The same for the same lines. */
  digest(): string {
    const text = this.#lines.map((line) => `${line}\n`).join('');
    // One look at the whole: a hash that is given it line by line takes ten times as long.
    const known = text.replaceAll(ourName, 'this process');
    return createHash('sha256').update(known).digest('hex').slice(0, 16);
  }
}
