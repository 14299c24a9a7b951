import { type INestApplicationContext, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { type AccessRule, accessKey } from './access.decorator.js';

export interface DeclaredRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: string;
  readonly access: AccessRule | undefined;
}

/** Every HTTP route of an app's controllers, with the access it declares. */
export function listRoutes(app: INestApplicationContext): DeclaredRoute[] {
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ instance, metatype }) => {
      if (!instance || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      const base = String(Reflect.getMetadata(PATH_METADATA, metatype) ?? '');
      return scanner
        .getAllMethodNames(prototype)
        .flatMap((name) => routeOf(prototype[name] as object, base, `${metatype.name}.${name}`));
    });
}

function routeOf(handler: object, base: string, name: string): DeclaredRoute[] {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return [];
  const paths = [Reflect.getMetadata(PATH_METADATA, handler)].flat() as string[];
  const access = Reflect.getMetadata(accessKey, handler) as AccessRule | undefined;
  return paths.map((path) => ({
    method: RequestMethod[method] ?? 'ALL',
    path: `/${base}/${path}`.replace(/\/+/g, '/').replace(/(?<=.)\/$/, ''),
    handler: name,
    access,
  }));
}

/** Stops the boot of an app that has a route open to nobody knows whom. */
export function assertAccessDeclared(app: INestApplicationContext): void {
  const open = listRoutes(app).filter((route) => !route.access);
  if (open.length > 0) {
    throw new Error(
      `Routes without @Access: ${open.map((route) => `${route.handler} (${route.path})`).join(', ')}`,
    );
  }
}
