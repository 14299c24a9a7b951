import { type AppOptions, createAdapter, maxHeaderSize } from '@nest-arch/platform';
import { AppModule } from './app.module.js';
import type { GatewayConfig } from './config.js';
import { answerClientError, answerFrameworkError } from './edge/problems.js';

/** The gateway as platform starts it. */
export function gatewayOptions(config: GatewayConfig): AppOptions {
  return {
    name: 'gateway',
    module: AppModule.forRoot(config),
    config,
    openApi: false,
    heedDeadlines: false,
    adapter: createAdapter(config.BODY_LIMIT_BYTES, {
      clientErrorHandler: answerClientError,
      frameworkErrors: answerFrameworkError,
      http: {
        maxHeaderSize,
        // Refused by a hook instead, with a problem like any other.
        requireHostHeader: false,
        // Who sends headers a byte at a time does not keep a connection for long.
        headersTimeout: 10_000,
        connectionsCheckingInterval: 5_000,
      },
    }),
  };
}
