import type { z } from 'zod';

/** Names the variables that are wrong, never what they hold. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Parses the environment once into a frozen object. Empty variables count as absent, as compose files and
 * Kubernetes write them.
 *
 * @throws ConfigError that names every variable at fault and why, without its value.
 */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<z.infer<S>> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  // zod would quote nothing of the input with this, but its messages for enums and formats are safe either way.
  const result = schema.safeParse(present, { reportInput: false });
  if (result.success) return Object.freeze(result.data);
  const faults = result.error.issues.map(
    (issue) => `  ${issue.path.join('.') || '(several)'}: ${issue.message}`,
  );
  throw new ConfigError(`The configuration is not usable:\n${faults.join('\n')}`);
}
