import { AuditEntry } from './audit/audit-entry.entity.js';
import { RecipientMails } from './challenges/recipient-mails.entity.js';
import { SigningKey } from './keys/signing-key.entity.js';
import { Password } from './passwords/password.entity.js';
import { RegistrationAttempt } from './registration/registration-attempt.entity.js';
import { RefreshToken } from './sessions/refresh-token.entity.js';
import { Session } from './sessions/session.entity.js';
import { SignInThrottle } from './sessions/sign-in-throttle.entity.js';
import { Identifier } from './users/identifier.entity.js';
import { User } from './users/user.entity.js';

/** Every table of this service that has an entity. */
export const entities = [
  AuditEntry,
  Identifier,
  Password,
  RecipientMails,
  RefreshToken,
  RegistrationAttempt,
  Session,
  SigningKey,
  SignInThrottle,
  User,
];
