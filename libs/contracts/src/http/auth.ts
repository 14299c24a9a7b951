import { z } from 'zod';
import { emailAddress } from '../email-address.js';
import { locale } from '../locale.js';
import { isStorableText, line } from '../text.js';

// The policy (length, common words) is judged by auth; the wire only bounds what a hash is asked to chew on.
const password = z.string().min(1).max(256).refine(isStorableText, 'Not valid Unicode text');
const token = z.string().min(20).max(512);

export const registerBody = z.strictObject({
  email: emailAddress,
  password,
  displayName: line(80).optional(),
  locale: locale.optional(),
});
export type RegisterBody = z.infer<typeof registerBody>;

/** The same for a new and for a taken address. */
export const registerResponse = z.object({ status: z.literal('verification_sent') });
export type RegisterResponse = z.infer<typeof registerResponse>;

export const verifyEmailBody = z.strictObject({ token, password: password.optional() });
export type VerifyEmailBody = z.infer<typeof verifyEmailBody>;

export const resendVerificationBody = z.strictObject({ email: emailAddress });
export type ResendVerificationBody = z.infer<typeof resendVerificationBody>;

export const loginBody = z.strictObject({ email: emailAddress, password });
export type LoginBody = z.infer<typeof loginBody>;

export const refreshBody = z.strictObject({ refreshToken: token });
export type RefreshBody = z.infer<typeof refreshBody>;

/** Answer of a sign-in and of a refresh. `expiresIn` in seconds. */
export const sessionTokens = z.object({
  status: z.literal('authenticated'),
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int(),
  refreshToken: z.string(),
  sessionId: z.uuid(),
});
export type SessionTokens = z.infer<typeof sessionTokens>;

export const sessionItem = z.object({
  id: z.uuid(),
  current: z.boolean(),
  userAgent: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
});
export type SessionItem = z.infer<typeof sessionItem>;
export const sessionList = z.object({ items: z.array(sessionItem) });
export type SessionList = z.infer<typeof sessionList>;

/** JSON Web Key Set (RFC 7517), public keys only. */
export const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** Gateway to auth, when the revocation topic is silent. */
export const sessionCheckBody = z.strictObject({
  sessions: z
    .array(z.strictObject({ sid: z.uuid(), userId: z.uuid(), ver: z.int().nonnegative() }))
    .min(1)
    .max(200),
});
export type SessionCheckBody = z.infer<typeof sessionCheckBody>;
export const sessionCheckResponse = z.object({
  sessions: z.array(z.object({ sid: z.uuid(), active: z.boolean() })),
});
export type SessionCheckResponse = z.infer<typeof sessionCheckResponse>;
