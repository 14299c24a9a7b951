import { gatewayVersion } from '../version.js';
import type { Language } from './languages.js';
import { type RenderedPage, escapeHtml, renderPage } from './layout.js';

const texts = {
  en: {
    intro: 'A user platform: sign-up, sign-in, profiles and notifications behind one HTTP API.',
    docs: 'Read and try the API',
    description: 'API description (OpenAPI 3.1)',
    events: 'Event description (AsyncAPI 3.0)',
    keys: 'Public signing keys',
    version: 'Version',
  },
  de: {
    intro:
      'Eine Nutzerplattform: Registrierung, Anmeldung, Profile und Benachrichtigungen hinter einer HTTP-API.',
    docs: 'Die API lesen und ausprobieren',
    description: 'Beschreibung der API (OpenAPI 3.1)',
    events: 'Beschreibung der Ereignisse (AsyncAPI 3.0)',
    keys: 'Öffentliche Signaturschlüssel',
    version: 'Version',
  },
} as const;

export function landingPage(language: Language): RenderedPage {
  const text = texts[language];
  return renderPage({
    language,
    title: 'nest-arch',
    main: `<h1>nest-arch</h1>
<p>${text.intro}</p>
<ul>
<li><a href="/docs/">${text.docs}</a></li>
<li><a href="/openapi.json">${text.description}</a></li>
<li><a href="/asyncapi.json">${text.events}</a></li>
<li><a href="/.well-known/jwks.json">${text.keys}</a></li>
</ul>
<p class="hint">${text.version} ${escapeHtml(gatewayVersion)}</p>`,
  });
}
