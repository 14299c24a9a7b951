import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { baseConfig, localSecret, refuseLocalSecrets, secret } from './base-config.js';
import { loadConfig } from './load-config.js';

const schema = z
  .object({ ...baseConfig, APP_SECRET: secret })
  .superRefine(refuseLocalSecrets(['APP_SECRET']));

describe('the configuration', () => {
  it('has defaults that work locally and cannot be changed afterwards', () => {
    const config = loadConfig(schema, { PORT: '3000', REDIS_URL: '' });
    expect(config).toMatchObject({ PORT: 3000, HOST: '127.0.0.1', APP_SECRET: localSecret });
    expect(() => Object.assign(config, { PORT: 1 })).toThrow();
  });

  it('names what is wrong, never what it holds', () => {
    const load = () => loadConfig(schema, { PORT: 'not-a-port', APP_SECRET: 'hunter2' });
    expect(load).toThrow(/PORT/);
    expect(load).toThrow(/APP_SECRET/);
    expect(load).not.toThrow(/hunter2|not-a-port/);
  });

  it('refuses local secrets in production', () => {
    expect(() => loadConfig(schema, { PORT: '1', NODE_ENV: 'production' })).toThrow(
      /APP_SECRET.*INTERNAL_API_TOKEN|INTERNAL_API_TOKEN.*\n.*APP_SECRET/s,
    );
    const own = { APP_SECRET: 's'.repeat(40), INTERNAL_API_TOKEN: 't'.repeat(40) };
    expect(() => loadConfig(schema, { PORT: '1', NODE_ENV: 'production', ...own })).not.toThrow();
  });
});
