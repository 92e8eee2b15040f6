/** What to do about tests that need a lab: `auto` skips them where none can be made. */
export type LabMode = 'off' | 'auto' | 'require';

/**
 * Reads `VIRTSTATE_LAB`.
 * @throws when it holds anything else than a mode.
 */
export function labMode(): LabMode {
  const value = process.env['VIRTSTATE_LAB'] ?? 'auto';
  if (value === 'off' || value === 'auto' || value === 'require') return value;
  throw new Error(`VIRTSTATE_LAB is '${value}': write off, auto or require`);
}
