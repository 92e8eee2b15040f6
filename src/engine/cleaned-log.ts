import type { Log } from '../ports/log.ts';
import { noLog } from '../ports/log.ts';

type Clean = <Value>(value: Value) => Value;

/** A log of which nothing is written before it was cleaned. */
export function cleanedLog(log: Log, clean: Clean): Log {
  if (log === noLog) return noLog;
  const cleaned =
    (write: Log['info']): Log['info'] =>
    (message, fields) =>
      write(clean(message), fields === undefined ? undefined : clean(fields));
  return {
    debug: cleaned((message, fields) => log.debug(message, fields)),
    info: cleaned((message, fields) => log.info(message, fields)),
    warn: cleaned((message, fields) => log.warn(message, fields)),
    error: cleaned((message, fields) => log.error(message, fields)),
  };
}
