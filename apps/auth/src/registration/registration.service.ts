import type { RegisterBody, RegisterResponse } from '@nest-arch/contracts';
import { Idempotency } from '@nest-arch/platform/idempotency';
import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { Identifiers } from '../users/identifiers.js';
import { Applications } from './applications.js';

const route = 'POST /v1/auth/register';

/**
 * Registration, the same to the outside whether the address is new, waiting to be proven, or taken: one hash, the same
 * number of statements, the same answer. Only the mail differs, and only the owner of the address reads it.
 */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly hasher: PasswordHasher,
    private readonly identifiers: Identifiers,
    private readonly applications: Applications,
  ) {}

  /** @throws auth.password_too_short, auth.busy, idempotency.* */
  async register(body: RegisterBody, idempotencyKey: string | undefined): Promise<RegisterResponse> {
    this.hasher.assertAllowed(body.password);
    const application = {
      identifierHash: this.identifiers.hash(body.email),
      email: body.email,
      passwordHash: await this.hasher.hash(body.password),
      displayName: body.displayName ?? null,
      locale: body.locale ?? null,
    };
    return this.idempotency.run({ key: idempotencyKey, route, body }, async (tx) => {
      await this.applications.apply(tx, application);
      return { status: 'verification_sent' as const };
    });
  }
}
