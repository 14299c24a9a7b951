import { defineErrors } from '@nest-arch/platform';

export const proxyErrors = defineErrors({
  busy: { code: 'gateway.busy', status: 503, title: 'Too many requests are waiting' },
  upstreamUnavailable: {
    code: 'gateway.upstream_unavailable',
    status: 503,
    title: 'The service behind this route cannot be reached',
  },
  upstreamTimeout: {
    code: 'gateway.upstream_timeout',
    status: 504,
    title: 'The service behind this route did not answer in time',
  },
  upstreamFailed: {
    code: 'gateway.upstream_failed',
    status: 502,
    title: 'The service behind this route broke off its answer; whether the request took effect is unknown',
  },
});
