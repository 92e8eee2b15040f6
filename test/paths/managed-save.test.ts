import { managedSave } from '../../machines/index.ts';
import { playOnEngine } from './play-on-engine.ts';

playOnEngine(managedSave);
