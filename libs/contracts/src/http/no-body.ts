import { z } from 'zod';

/** Body of a POST that takes none; an empty object is let through, since many clients send one. */
export const noBody = z.strictObject({}).optional();
export type NoBody = z.infer<typeof noBody>;
