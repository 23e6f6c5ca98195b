import { requireProcessOf } from './process-kind.ts';

requireProcessOf('plain');
