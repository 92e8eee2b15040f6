/** Structured logging; winston's logger fits. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

const quiet = (): void => undefined;

/** For those who want none. */
export const noLog: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
