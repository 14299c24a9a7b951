import { afterEach, expect, it, jest } from '@jest/globals';
import { Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { baseConfig } from '../config/base-config.js';
import { loadConfig } from '../config/load-config.js';
import { PlatformModule } from '../platform.module.js';
import { startApp } from './start-app.js';

const config = loadConfig(z.object(baseConfig), {
  ...{ PORT: '0', MANAGEMENT_PORT: '0', DRAIN_DELAY_MS: '0' },
  ...{ LOG_LEVEL: 'silent', REDIS_URL: 'redis://127.0.0.1:1' },
});

afterEach(() => {
  jest.restoreAllMocks();
  process.removeAllListeners('SIGTERM');
});

it('finishes its start before it stops, when it is told to stop while it starts', async () => {
  const steps: string[] = [];
  @Injectable()
  class Slow implements OnApplicationBootstrap, OnApplicationShutdown {
    async onApplicationBootstrap() {
      process.emit('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 100));
      steps.push('started');
    }
    onApplicationShutdown() {
      steps.push('stopped');
    }
  }
  @Module({ imports: [PlatformModule.forRoot(config)], providers: [Slow] })
  class SlowModule {}
  const exited = new Promise<unknown>((resolve) => {
    jest.spyOn(process, 'exit').mockImplementation(((code: unknown) => resolve(code)) as never);
  });

  await startApp({ name: 'slow', module: SlowModule, config });

  expect(await exited).toBe(0);
  expect(steps).toEqual(['started', 'stopped']);
});
