import type { Language } from './languages.js';
import { type RenderedPage, escapeHtml, renderPage } from './layout.js';
import { verifyScript } from './verify.script.js';

const texts = {
  en: {
    title: 'Confirm your e-mail address',
    intro: 'One last step: confirm that this address is yours.',
    password: 'Password',
    hint: 'The one you chose when you signed up. It proves that this account was opened by you.',
    confirm: 'Confirm address',
    again: 'Your e-mail address',
    resend: 'Send a new mail',
    noScript: 'This page needs JavaScript to confirm your address.',
    messages: {
      noToken: 'The link is not complete. Please open it from the mail again.',
      working: 'One moment …',
      done: 'Thank you. Your address is confirmed; you can sign in now.',
      wrongPassword: 'The password does not fit. Please try again.',
      expired: 'This link is not valid any more. You can have a new mail sent.',
      sent: 'If an account with this address waits to be confirmed, a new mail is on its way.',
      tooMany: 'Too many tries. Please wait a little.',
      failed: 'That did not work. Please try again in a moment.',
    },
  },
  de: {
    title: 'E-Mail-Adresse bestätigen',
    intro: 'Nur noch ein Schritt: Bestätigen Sie, dass diese Adresse Ihnen gehört.',
    password: 'Passwort',
    hint: 'Das Passwort, das Sie bei der Registrierung gewählt haben. Es belegt, dass Sie das Konto eröffnet haben.',
    confirm: 'Adresse bestätigen',
    again: 'Ihre E-Mail-Adresse',
    resend: 'Neue E-Mail senden',
    noScript: 'Diese Seite braucht JavaScript, um Ihre Adresse zu bestätigen.',
    messages: {
      noToken: 'Der Link ist nicht vollständig. Bitte öffnen Sie ihn noch einmal aus der E-Mail.',
      working: 'Einen Moment …',
      done: 'Vielen Dank. Ihre Adresse ist bestätigt, Sie können sich jetzt anmelden.',
      wrongPassword: 'Das Passwort passt nicht. Bitte versuchen Sie es noch einmal.',
      expired: 'Dieser Link gilt nicht mehr. Sie können sich eine neue E-Mail senden lassen.',
      sent: 'Wenn ein Konto mit dieser Adresse auf die Bestätigung wartet, ist eine neue E-Mail unterwegs.',
      tooMany: 'Zu viele Versuche. Bitte warten Sie ein wenig.',
      failed: 'Das hat nicht geklappt. Bitte versuchen Sie es gleich noch einmal.',
    },
  },
} as const;

/** The page behind the link of the verification mail: `/verify#token=…`. */
export function verifyPage(language: Language): RenderedPage {
  const text = texts[language];
  return renderPage({
    language,
    title: text.title,
    script: verifyScript,
    // The texts travel in the page, so that the script and its hash are the same in every language.
    main: `<h1>${text.title}</h1>
<p>${text.intro}</p>
<noscript><p class="bad">${text.noScript}</p></noscript>
<form id="verify" data-messages="${escapeHtml(JSON.stringify(text.messages))}">
<label for="password">${text.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256" aria-describedby="hint">
<p class="hint" id="hint">${text.hint}</p>
<button>${text.confirm}</button>
</form>
<form id="resend" hidden>
<label for="email">${text.again}</label>
<input id="email" name="email" type="email" autocomplete="email" required>
<button>${text.resend}</button>
</form>
<p role="status" aria-live="polite"></p>`,
  });
}
