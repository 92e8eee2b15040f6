import type { DomainView } from '../../src/ports/domain.ts';
import type { IncomingView, MigrationFacts, MigrationOptions } from '../../src/ports/migration.ts';
import type { LiveMigrationInput } from './migration/request.ts';

/** What one check looks at. `domain` and `incoming` stand: `domainExists` comes before the rest. */
export interface Subject {
  readonly facts: MigrationFacts;
  readonly request: LiveMigrationInput;
  readonly options: MigrationOptions;
  readonly domain: DomainView;
  readonly incoming: IncomingView;
}

/** `null`: nothing speaks against it; else what is wrong and what to do. */
export type Check = (subject: Subject) => string | null;

export const unless = (ok: boolean, message: () => string): string | null =>
  ok ? null : message();
export const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
export const first = <T>(items: readonly T[], wrong: (item: T) => string | null): string | null =>
  items.map(wrong).find((message) => message !== null) ?? null;
