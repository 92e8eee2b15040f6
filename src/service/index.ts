export { isLoopback } from './access.ts';
export type {
  Judgement,
  ReadingParts,
  ReadRequest,
  RunTeller,
  ServedWorkflow,
  ServiceParts,
  ServiceToken,
} from './parts.ts';
export type { Route } from './route.ts';
export type { DrivingService, Service } from './service.ts';
export { createReadingService, createService } from './service.ts';
