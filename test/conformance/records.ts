import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { PlayRecord } from './record.ts';
import { recordSchema } from './record.ts';
import type { Script } from './script.ts';

const fileOf = ({ name }: Script): string => join(import.meta.dirname, 'records', `${name}.json`);

/** What real hosts made of it. @throws Error for a script that was never played on any */
export function recorded(script: Script): PlayRecord {
  return recordSchema.parse(JSON.parse(readFileSync(fileOf(script), 'utf8')));
}

/** Set: what real hosts make of a script now takes the place of its record. */
export const isRecording = process.env['VIRTSTATE_RECORD'] === '1';

export function keep(script: Script, record: PlayRecord): void {
  writeFileSync(fileOf(script), `${JSON.stringify(record, null, 2)}\n`);
}
