import type { Template } from './template.js';

// No name and no other text of the registrant: whoever registers a stranger's address must not write to that stranger.
export const emailVerification: Template = {
  type: 'account.email_verification',
  mail: {
    en: {
      subject: 'Confirm your e-mail address for {product}',
      heading: 'Confirm your e-mail address',
      paragraphs: [
        'This address was used to create an account at {product}. Confirm that it is yours, and the account is ready.',
      ],
      action: 'Confirm address',
      after: [
        '{hours, plural, one {The link works once, within the next hour.} other {The link works once, within the next # hours.}}',
        'If that was not you, ignore this mail: without the confirmation the account is deleted.',
      ],
      reason: 'You get this mail because your address was entered in a registration.',
    },
    de: {
      subject: 'Bestätige deine E-Mail-Adresse für {product}',
      heading: 'Bestätige deine E-Mail-Adresse',
      paragraphs: [
        'Mit dieser Adresse wurde ein Konto bei {product} angelegt. Bestätige, dass sie dir gehört, und das Konto ist bereit.',
      ],
      action: 'Adresse bestätigen',
      after: [
        '{hours, plural, one {Der Link gilt einmal, innerhalb der nächsten Stunde.} other {Der Link gilt einmal, innerhalb der nächsten # Stunden.}}',
        'Warst du das nicht, ignoriere diese Mail: Ohne Bestätigung wird das Konto gelöscht.',
      ],
      reason: 'Du erhältst diese Mail, weil deine Adresse bei einer Registrierung angegeben wurde.',
    },
  },
};
