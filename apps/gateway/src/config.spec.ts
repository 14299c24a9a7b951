import { expect, it } from '@jest/globals';
import { accessTokenTtlSeconds, topics } from '@nest-arch/contracts';
import { loadGatewayConfig } from './config.js';

it('takes no longer life of a token than revocations are kept for', () => {
  const name = 'ACCESS_TOKEN_TTL_SECONDS';
  expect(loadGatewayConfig({ [name]: String(accessTokenTtlSeconds) })[name]).toBe(accessTokenTtlSeconds);
  expect(() => loadGatewayConfig({ [name]: String(accessTokenTtlSeconds + 1) })).toThrow(name);
  const keptMs = Number(topics.revocations.configs['retention.ms']);
  expect(keptMs).toBeGreaterThanOrEqual(2 * loadGatewayConfig({})[name] * 1000);
});
