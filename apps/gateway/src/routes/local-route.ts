import { publicRoutes } from './routes.js';

/** The path of a route that the gateway answers itself. @throws where the table does not open it */
export function localRoute(path: string): string {
  const isDeclared = publicRoutes.some((route) => route.upstream === 'gateway' && route.path === path);
  if (!isDeclared) throw new Error(`${path} is not in the route table`);
  return path;
}
