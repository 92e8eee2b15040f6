export { ConfigError } from './config-error.ts';
export type { ConfigFile, ServeConfig } from './config-file.ts';
export { configJsonSchema } from './config-file.ts';
export { findHost, isUri } from './host-names.ts';
export type { Config, ConfigPlace } from './read-config.ts';
export { noConfig, readConfig } from './read-config.ts';
export { credentialsOf, readSecret } from './secrets.ts';
