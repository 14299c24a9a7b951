import type { Language } from './languages.js';

/** A mail's content with every text filled in, not yet escaped. */
export interface MailContent {
  language: Language;
  subject: string;
  heading: string;
  paragraphs: readonly string[];
  action?: { label: string; url: string } | undefined;
  after: readonly string[];
  reason: string;
  product: string;
}

export function toText(mail: MailContent): string {
  const action = mail.action ? [`${mail.action.label}:\n${mail.action.url}`] : [];
  const parts = [mail.heading, ...mail.paragraphs, ...action, ...mail.after];
  return `${parts.join('\n\n')}\n\n-- \n${mail.product}\n${mail.reason}\n`;
}

const style = `
  body { margin: 0; padding: 0; background: #f3f4f6; color: #1f2430; }
  .page { background: #f3f4f6; }
  .card { background: #ffffff; border-radius: 8px; }
  .button { background: #1d4ed8; color: #ffffff; }
  .quiet { color: #5b6270; }
  @media (prefers-color-scheme: dark) {
    body, .page { background: #14161b !important; }
    .card { background: #1f2229 !important; color: #e7e9ee !important; }
    .quiet { color: #a5abb8 !important; }
    .button { background: #6f9bff !important; color: #0b1020 !important; }
  }`;
const font = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
const line = 'margin: 0 0 16px; font-size: 16px; line-height: 1.5';

/** One small page for every mail: light and dark, nothing loaded from elsewhere. */
export function toHtml(mail: MailContent): string {
  return `<!doctype html>
<html lang="${mail.language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(mail.subject)}</title>
<style>${style}
</style>
</head>
<body style="${font}">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding: 24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width: 560px; ${font}"><tr><td style="padding: 32px">
<h1 style="margin: 0 0 16px; font-size: 22px; line-height: 1.3">${escapeHtml(mail.heading)}</h1>
${mail.paragraphs.map((text) => `<p style="${line}">${escapeHtml(text)}</p>`).join('\n')}
${mail.action ? button(mail.action) : ''}
${mail.after.map((text) => `<p class="quiet" style="${line}">${escapeHtml(text)}</p>`).join('\n')}
</td></tr></table>
<p class="quiet" style="max-width: 560px; margin: 16px 0 0; font-size: 13px; line-height: 1.5">${escapeHtml(mail.product)} · ${escapeHtml(mail.reason)}</p>
</td></tr></table>
</body>
</html>
`;
}

// The address is also shown: some readers block links, and some people do not trust a button.
function button({ label, url }: { label: string; url: string }): string {
  const href = escapeHtml(url);
  return `<p style="margin: 24px 0"><a class="button" href="${href}" style="display: inline-block; padding: 12px 20px; border-radius: 6px; font-size: 16px; font-weight: 600; text-decoration: none">${escapeHtml(label)}</a></p>
<p class="quiet" style="margin: 0 0 16px; font-size: 13px; line-height: 1.5; word-break: break-all">${href}</p>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attribute values in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
