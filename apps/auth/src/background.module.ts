import { Module } from '@nestjs/common';
import { Cleanup } from './cleanup/cleanup.js';
import { RevocationCanary } from './sessions/revocation-canary.js';

/** What runs by itself, in the service and not in its commands. */
@Module({ providers: [Cleanup, RevocationCanary] })
export class BackgroundModule {}
