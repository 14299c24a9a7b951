import type { Template } from './template.js';

export const welcome: Template = {
  type: 'account.welcome',
  mail: {
    en: {
      subject: 'Welcome to {product}',
      heading: '{named, select, yes {Welcome, {name}!} other {Welcome!}}',
      paragraphs: [
        'Your address is confirmed and your account at {product} is ready.',
        'Sign in to fill in your profile; messages for you wait in your inbox.',
      ],
      reason: 'You get this mail because you created an account at {product}.',
    },
    de: {
      subject: 'Willkommen bei {product}',
      heading: '{named, select, yes {Willkommen, {name}!} other {Willkommen!}}',
      paragraphs: [
        'Deine Adresse ist bestätigt und dein Konto bei {product} ist bereit.',
        'Melde dich an, um dein Profil auszufüllen; Nachrichten an dich warten in deinem Posteingang.',
      ],
      reason: 'Du erhältst diese Mail, weil du ein Konto bei {product} angelegt hast.',
    },
  },
  inbox: {
    en: {
      title: '{named, select, yes {Welcome to {product}, {name}!} other {Welcome to {product}!}}',
      body: 'This is your inbox: whatever concerns your account arrives here, on every device at once.',
    },
    de: {
      title: '{named, select, yes {Willkommen bei {product}, {name}!} other {Willkommen bei {product}!}}',
      body: 'Das ist dein Posteingang: Was dein Konto betrifft, kommt hier an, auf allen Geräten zugleich.',
    },
  },
};
