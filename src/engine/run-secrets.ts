import type { Log } from '../ports/log.ts';
import type { RunStore, Secret } from '../ports/run-store.ts';
import { cleanedLog } from './cleaned-log.ts';
import { mapTexts, redactText, secretsIn } from './redaction.ts';

const tokenPrefix = 'sealed:';

/**
 * What nobody may read of one run and its children. The machine, its record and whoever is told of it
 * see a token instead; only an effect or a watch gets what it stands for.
 */
export class RunSecrets {
  readonly #rootId: string;
  /** What is sealed, by its token's id. */
  readonly #values = new Map<string, string>();
  /** Tokens by what they stand for. */
  readonly #tokens = new Map<string, string>();
  /** Of the tokens; one that was fetched from the store keeps its own. */
  #lastNumber = 0;
  /** Sealed, and not on record yet. */
  #news: Secret[] = [];
  /** All that must not be read, longest first: the sealed values, and what stands in them. */
  #known: readonly string[] = [];

  constructor(rootId: string) {
    this.#rootId = rootId;
  }

  /** Puts tokens in place of these values, and of texts that give a secret away by their form. */
  sealInput(input: unknown, named: readonly string[]): unknown {
    const secret = new Set(named.filter((value) => value !== ''));
    return mapTexts(input, (text) =>
      secret.has(text) || secretsIn(text).length > 0 ? this.seal(text) : text,
    );
  }

  /** The token that stands for it from now on. */
  seal(value: string): string {
    const known = this.#tokens.get(value);
    if (known !== undefined) return known;
    const id = `${this.#rootId}/secret#${this.#lastNumber + 1}`;
    this.#keep(id, value);
    this.#news.push({ id, rootId: this.#rootId, value });
    return `${tokenPrefix}${id}`;
  }

  /** What was sealed since this was asked for last, for the store. */
  takeNews(): Secret[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /**
   * Fetches what the tokens in a stored snapshot stand for.
   *
   * @throws StoreError noSecret
   */
  async fetch(snapshot: unknown, store: RunStore): Promise<void> {
    const ids = new Set<string>();
    mapTexts(snapshot, (text) => {
      const id = this.#idOf(text);
      if (id !== null) ids.add(id);
      return text;
    });
    for (const id of ids) if (!this.#values.has(id)) this.#keep(id, await store.reveal(id));
  }

  /** For an effect or a watch only: what the tokens stand for. */
  open(value: unknown): unknown {
    if (this.#values.size === 0) return value;
    return mapTexts(value, (text) => this.#values.get(this.#idOf(text) ?? '') ?? text);
  }

  /** A value without any secret: a text that is one becomes its token, what holds one loses it. */
  clean<Value>(value: Value): Value {
    return mapTexts(value, (text) => this.#tokens.get(text) ?? redactText(text, this.#known));
  }

  /** A log that never shows a secret. */
  guard(log: Log): Log {
    return cleanedLog(log, (value) => this.clean(value));
  }

  #keep(id: string, value: string): void {
    this.#lastNumber = Math.max(this.#lastNumber, Number(id.slice(id.lastIndexOf('#') + 1)));
    this.#values.set(id, value);
    this.#tokens.set(value, `${tokenPrefix}${id}`);
    const known = [...this.#known, value, ...secretsIn(value)];
    this.#known = [...new Set(known)].toSorted((a, b) => b.length - a.length);
  }

  /** Only tokens of this run: one in a foreign text must not open another run's secret. */
  #idOf(text: string): string | null {
    const isOurs = text.startsWith(`${tokenPrefix}${this.#rootId}/secret#`);
    return isOurs ? text.slice(tokenPrefix.length) : null;
  }
}
