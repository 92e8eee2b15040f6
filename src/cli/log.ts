import { Writable } from 'node:stream';
import winston from 'winston';

import type { Log } from '../ports/log.ts';
import { oneLine } from './display/quantities.ts';
import type { Output } from './output.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** winston on standard error, one line an entry. Whoever logs hands over no secrets and no XML. */
export function createLog(level: LogLevel, output: Output): Log {
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      output.say(line.trimEnd());
      done();
    },
  });
  const { combine, timestamp, printf } = winston.format;
  const line = printf(({ timestamp: at, level: of, message, ...fields }) =>
    oneLine(`${String(at)} ${of} ${String(message)} ${JSON.stringify(fields)}`),
  );
  return winston.createLogger({
    level,
    format: combine(timestamp(), line),
    transports: [new winston.transports.Stream({ stream })],
  });
}
