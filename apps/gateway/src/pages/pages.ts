import type { FastifyInstance } from 'fastify';
import { localRoute } from '../routes/local-route.js';
import { landingPage } from './landing.js';
import { type Language, pickLanguage } from './languages.js';
import type { RenderedPage } from './layout.js';
import { verifyPage } from './verify.js';

/** The plain pages: what the links in mails lead to, unless a product has its own (APP_LINK_BASE_URL). */
export function servePages(fastify: FastifyInstance): void {
  serve(fastify, '/', landingPage);
  serve(fastify, '/verify', verifyPage);
}

function serve(fastify: FastifyInstance, path: string, render: (language: Language) => RenderedPage): void {
  const pages = { en: render('en'), de: render('de') };
  fastify.get(localRoute(path), (request, reply) => {
    const { headers, html } = pages[pickLanguage(request.headers['accept-language'])];
    return reply.headers(headers).send(html);
  });
}
