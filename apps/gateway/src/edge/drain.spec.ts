import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Agent, request as httpRequest } from 'node:http';
import { HealthRegistry } from '@nest-arch/platform';
import { type Harness, startHarness, untilReady } from '../testing/harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness(({ profile }) => {
    profile.app.get('/v1/users/me', async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return { reached: true };
    });
  });
});
afterAll(() => harness.stop());

interface Answer {
  status: number;
  connection: string | undefined;
}

function get(url: string, headers: Record<string, string>, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
      );
    });
    request.on('error', reject).end();
  });
}

it('finishes what runs, takes what still comes, and sends callers elsewhere, without a failed request', async () => {
  const gateway = await harness.start();
  await untilReady(gateway);
  const url = `${gateway.url}/v1/users/me`;
  const headers = { authorization: `Bearer ${await harness.issuer.token()}` };
  const agent = new Agent({ keepAlive: true });
  expect(await get(url, headers, agent)).toEqual({ status: 200, connection: 'keep-alive' });

  const running = get(url, headers, agent);
  await new Promise((resolve) => setTimeout(resolve, 100));
  gateway.app.get(HealthRegistry).drain();
  const late = get(url, headers, agent);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const started = performance.now();
  const stopped = gateway.stop();

  expect(await running).toEqual({ status: 200, connection: 'close' });
  expect(await late).toEqual({ status: 200, connection: 'close' });
  await stopped;
  expect(performance.now() - started).toBeLessThan(3_000);
  agent.destroy();
});
