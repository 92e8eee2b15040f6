import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

import { StoreError } from '../../ports/run-store.ts';
import { loadNodeSqlite } from './node-sqlite.ts';
import type { Attempt } from './sqlite-error.ts';
import { corruptMessage, toStoreError } from './sqlite-error.ts';

/** One row, whose columns are read by the type that they must have. */
export class Row {
  readonly #values: Readonly<Record<string, SQLOutputValue>>;
  readonly #path: string;

  constructor(values: Readonly<Record<string, SQLOutputValue>>, path: string) {
    this.#values = values;
    this.#path = path;
  }

  text(column: string): string {
    const value = this.#values[column];
    if (typeof value !== 'string') throw this.#unexpected(column);
    return value;
  }

  textOrNull(column: string): string | null {
    return this.#values[column] === null ? null : this.text(column);
  }

  number(column: string): number {
    const value = this.#values[column];
    if (typeof value !== 'number') throw this.#unexpected(column);
    return value;
  }

  numberOrNull(column: string): number | null {
    return this.#values[column] === null ? null : this.number(column);
  }

  bytes(column: string): Uint8Array {
    const value = this.#values[column];
    if (!(value instanceof Uint8Array)) throw this.#unexpected(column);
    return value;
  }

  /** Text as the JSON value that it holds, of the shape that `parse` makes sure of. */
  json<T>(column: string, parse: (value: unknown) => T): T {
    try {
      return parse(JSON.parse(this.text(column)));
    } catch (error) {
      const message = corruptMessage(this.#path, `column ${column} cannot be read`);
      throw new StoreError('corrupt', message, { cause: error });
    }
  }

  #unexpected(column: string): StoreError {
    return new StoreError('corrupt', corruptMessage(this.#path, `column ${column}`));
  }
}

/**
 * A connection to the store's file: statements are prepared once, and whatever fails is thrown as a
 * StoreError.
 */
export class Database {
  readonly path: string;
  readonly #attempt: Attempt;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, busyTimeoutMs: number) {
    this.path = path;
    this.#attempt = { path, busyTimeoutMs };
    const { DatabaseSync: Connection } = loadNodeSqlite();
    this.#connection = this.#try(() => new Connection(path));
    this.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
  }

  exec(sql: string): void {
    this.#try(() => this.#connection.exec(sql));
  }

  run(sql: string, ...values: SQLInputValue[]): { changes: number; id: number } {
    const { changes, lastInsertRowid } = this.#try(() => this.#prepared(sql).run(...values));
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  get(sql: string, ...values: SQLInputValue[]): Row | null {
    const row = this.#try(() => this.#prepared(sql).get(...values));
    return row === undefined ? null : new Row(row, this.path);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#try(() => this.#prepared(sql).all(...values)).map(
      (row) => new Row(row, this.path),
    );
  }

  /** All of it or nothing; nobody else writes meanwhile. */
  transaction<T>(work: () => T): T {
    return this.#within('begin immediate', work);
  }

  /** Everything that `work` reads is of one moment. */
  reading<T>(work: () => T): T {
    return this.#within('begin', work);
  }

  close(): void {
    this.#statements.clear();
    this.#try(() => this.#connection.close());
  }

  #within<T>(begin: string, work: () => T): T {
    this.run(begin);
    try {
      const result = work();
      this.run('commit');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Whether anything was left to roll back: on a full disk SQLite has done it by itself. */
  #rollBack(): boolean {
    try {
      this.run('rollback');
      return true;
    } catch {
      return false;
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toStoreError(error, this.#attempt);
    }
  }
}
