import { baseConfig, loadConfig, refuseLocalSecrets } from '@nest-arch/platform';
import { z } from 'zod';

/** `Name <address>` or an address alone. The domain is also that of every Message-ID. */
const mailbox = z.string().transform((text, context) => {
  const match = /^(?:"?([^"<>\r\n]*?)"?\s*<)?([^\s<>@",;:]+@[^\s<>@",;:]+)>?$/.exec(text.trim());
  const address = match?.[2];
  if (!address) {
    context.addIssue({ code: 'custom', message: 'must be an address, or a name and an <address>' });
    return z.NEVER;
  }
  return { name: match[1] ?? '', address, domain: address.slice(address.lastIndexOf('@') + 1) };
});

const privateKeys = z
  .string()
  .default('{"keys":[]}')
  .transform((text, context) => {
    const parsed = keySet.safeParse(safeJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: 'must be a JWK set of private keys with a kid each' });
    return z.NEVER;
  });

const keySet = z.object({
  keys: z.array(
    z.looseObject({ kid: z.string().min(1), kty: z.enum(['EC', 'OKP']), crv: z.string(), d: z.string() }),
  ),
});

const schema = z
  .object({
    ...baseConfig,
    DATABASE_URL: z.url(),
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(15),
    /** smtp:// or smtps://, with user and password where the server wants them. */
    SMTP_URL: z.url({ protocol: /^smtps?$/ }).default('smtp://127.0.0.1:1025'),
    SMTP_CONNECTIONS: z.coerce.number().int().min(1).max(100).default(5),
    MAIL_FROM: mailbox.prefault('nest-arch <no-reply@localhost>'),
    /** How mails and messages call the platform. */
    PRODUCT_NAME: z.string().min(1).max(60).default('nest-arch'),
    /** Where the pages behind the links in mails are: the gateway, or the product's own. */
    APP_LINK_BASE_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:3000'),
    /** Private keys of the challenges' encryption, as a JWK set; the key's `kid` picks one. */
    CHALLENGE_DECRYPTION_JWKS: privateKeys,
    STREAMS_PER_USER: z.coerce.number().int().min(1).max(100).default(15),
  })
  .superRefine(refuseLocalSecrets([]))
  .superRefine((config, context) => {
    if (config.NODE_ENV !== 'production') return;
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });
    if (config.CHALLENGE_DECRYPTION_JWKS.keys.length === 0)
      refuse('CHALLENGE_DECRYPTION_JWKS', 'must hold a key in production');
    if (config.MAIL_FROM.domain === 'localhost')
      refuse('MAIL_FROM', 'must be an address of yours in production');
    if (!config.APP_LINK_BASE_URL.startsWith('https:'))
      refuse('APP_LINK_BASE_URL', 'must be https in production: the links carry secrets');
  });

export type Config = z.infer<typeof schema>;

export function readConfig(env?: NodeJS.ProcessEnv): Readonly<Config> {
  return loadConfig(schema, env);
}

/** All that the migration job needs. */
export function readMigrationConfig(env?: NodeJS.ProcessEnv): { DATABASE_URL: string } {
  return loadConfig(z.object({ DATABASE_URL: z.url() }), env);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
