import type { LiveMigrationInput } from '../../machines/index.ts';
import type { About } from '../engine/slots.ts';

/**
 * One run per domain on both of its hosts. Known by another name, or by its uuid, it is another
 * domain here: that the domain itself tells, by the claim on it.
 */
export function aboutLiveMigration(input: LiveMigrationInput): About {
  const { domain, source, destination, options } = input;
  const places = [
    `domain ${domain} on ${source}`,
    `domain ${options.destinationName ?? domain} on ${destination}`,
  ];
  return {
    subject: domain,
    locks: [...new Set(places)].toSorted().map((name) => ({ name, capacity: 1 })),
    hosts: [source, destination],
    // A definition that the user gave may hold what libvirt calls SECURE.
    secrets: options.destinationXml === null ? [] : [options.destinationXml],
  };
}
