import { peer2peerMigration } from '../../machines/index.ts';
import { playOnEngine } from './play-on-engine.ts';

playOnEngine(peer2peerMigration);
