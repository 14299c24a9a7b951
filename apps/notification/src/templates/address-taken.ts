import type { Template } from './template.js';

export const addressTaken: Template = {
  type: 'account.address_taken',
  mail: {
    en: {
      subject: 'You already have an account at {product}',
      heading: 'You already have an account',
      paragraphs: [
        'Someone tried to create an account at {product} with this address, but it belongs to your account already. Nothing has changed.',
        'If that was you, sign in with your password as usual.',
      ],
      after: [
        'If that was not you, there is nothing to do. Nobody was told that this address has an account.',
      ],
      reason: 'You get this mail because your address was entered in a registration.',
    },
    de: {
      subject: 'Du hast schon ein Konto bei {product}',
      heading: 'Du hast schon ein Konto',
      paragraphs: [
        'Jemand wollte mit dieser Adresse ein Konto bei {product} anlegen, aber sie gehört schon zu deinem Konto. Es hat sich nichts geändert.',
        'Warst du das selbst, melde dich einfach wie immer mit deinem Passwort an.',
      ],
      after: [
        'Warst du das nicht, musst du nichts tun. Niemand hat erfahren, dass es zu dieser Adresse ein Konto gibt.',
      ],
      reason: 'Du erhältst diese Mail, weil deine Adresse bei einer Registrierung angegeben wurde.',
    },
  },
};
