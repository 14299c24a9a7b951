import { describe, expect, it } from '@jest/globals';
import { proxiedRoutes } from '../routes/routes.js';
import { mergeDescriptions } from './merge.js';
import type { OpenApiDocument } from './open-api.js';

const problem = { type: 'object', properties: { code: { type: 'string' } } };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const ok = (schema: object) => ({ 200: { description: 'ok', content: { 'application/json': { schema } } } });

const profile: OpenApiDocument = {
  paths: {
    '/v1/users/me': { get: { operationId: 'me', responses: ok(ref('Item')) } },
    '/v1/users/secret': { get: { operationId: 'secret', responses: ok(ref('Hidden')) } },
  },
  components: {
    schemas: {
      Problem: problem,
      Item: { properties: { owner: ref('Owner') } },
      Owner: { type: 'string' },
      Hidden: {},
    },
  },
};
const notification: OpenApiDocument = {
  paths: {
    '/v1/notifications': { get: { operationId: 'list', responses: { ...ok(ref('Item')), 503: 'own' } } },
  },
  components: { schemas: { Problem: problem, Item: { type: 'array', items: ref('Item') } } },
};

const merged = mergeDescriptions(
  new Map([
    ['profile', profile],
    ['notification', notification],
  ]),
  { version: '1.2.3', serverUrl: 'https://api.example.com', routes: proxiedRoutes },
);
const schemas = merged.components?.schemas ?? {};

describe('the merged description', () => {
  it('has what the table opens and a service describes, no more', () => {
    expect(Object.keys(merged.paths ?? {})).toEqual(['/v1/users/me', '/v1/notifications']);
  });

  it('keeps schemas of the same name apart, and the same schema once', () => {
    expect(schemas['Item']).toEqual({ properties: { owner: ref('Owner') } });
    expect(schemas['NotificationItem']).toEqual({ type: 'array', items: ref('NotificationItem') });
    expect(Object.keys(schemas).sort()).toEqual(['Item', 'NotificationItem', 'Owner', 'Problem']);
    expect(JSON.stringify(merged.paths?.['/v1/notifications'])).toContain(ref('NotificationItem').$ref);
  });

  it('says which routes need a token', () => {
    expect(merged.paths?.['/v1/users/me']?.get?.security).toEqual([{ accessToken: [] }]);
    expect(merged.components).toHaveProperty('securitySchemes.accessToken.scheme', 'bearer');
  });

  it('adds what the gateway itself may answer, after what the service says', () => {
    const responses = merged.paths?.['/v1/users/me']?.get?.responses ?? {};

    expect(Object.keys(responses)).toEqual(['200', '502', '503', '504']);
    expect(JSON.stringify(responses['504'])).toContain('gateway.upstream_timeout');
    expect(merged.paths?.['/v1/notifications']?.get?.responses?.['503']).toBe('own');
  });
});
