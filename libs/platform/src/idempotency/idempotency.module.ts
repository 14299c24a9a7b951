import { Db } from '@nest-arch/database';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Idempotency } from './idempotency.js';

@Global()
@Module({})
export class IdempotencyModule {
  /** @param hmacKey makes the fingerprints of bodies; the same in all replicas */
  static forRoot(hmacKey: string): DynamicModule {
    const idempotency = {
      provide: Idempotency,
      inject: [Db],
      useFactory: (db: Db) => new Idempotency(db, hmacKey),
    };
    return { module: IdempotencyModule, providers: [idempotency], exports: [Idempotency] };
  }
}
