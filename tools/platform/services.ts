import { join } from 'node:path';
import { cacheDir } from '../process/paths.ts';

/** The deployables in the order of the table; the gateway stops first. */
export const serviceNames = ['gateway', 'auth', 'profile', 'notification', 'analytics'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Those with a database of their own. */
export const databaseOwners = ['auth', 'profile', 'notification', 'analytics'] as const;
export type DatabaseOwner = (typeof databaseOwners)[number];

/**
 * Small heaps instead of fast growth: five services and three engines share a laptop. The one place for these flags;
 * docker/ and k8s/ have their own.
 */
export const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=2', '--optimize-for-size'];

/** Compiled code is kept between starts. */
export const compileCache = { NODE_COMPILE_CACHE: join(cacheDir, 'node') };
