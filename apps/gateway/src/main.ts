import { startApp } from '@nest-arch/platform';
import { loadGatewayConfig } from './config.js';
import { gatewayOptions } from './options.js';

await startApp(gatewayOptions(loadGatewayConfig()));
