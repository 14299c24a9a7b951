import type { Language } from './languages.js';
import { inlineHash } from './inline-hash.js';
import { style } from './style.js';

export interface Page {
  readonly language: Language;
  readonly title: string;
  /** HTML of the main part. */
  readonly main: string;
  readonly script?: string;
}

export interface RenderedPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A whole page. Its policy names style and script by their hashes; nothing is asked of any other host. */
export function renderPage({ language, title, main, script }: Page): RenderedPage {
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
${main}
</main>
${script ? `<script>${script}</script>` : ''}
</body>
</html>
`;
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'content-security-policy': policyFor(script),
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
      vary: 'accept-language',
    },
  };
}

function policyFor(script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src '${inlineHash(style)}'`,
    `script-src ${script ? `'${inlineHash(script)}'` : "'none'"}`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
