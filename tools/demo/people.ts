export interface DemoPerson {
  displayName: string;
  email: string;
  locale: string;
  password: string;
}

// Names of several scripts: what a user platform meets on its first day.
const names: [name: string, local: string, locale: string][] = [
  ['Amara Okafor', 'amara.okafor', 'en-NG'],
  ['Jonas Weber', 'jonas.weber', 'de-DE'],
  ['田中 さくら', 'sakura.tanaka', 'ja-JP'],
  ['Иван Петров', 'ivan.petrov', 'ru-RU'],
  ['María José Núñez', 'mj.nunez', 'es-MX'],
  ['Zoë van den Berg', 'zoe.vdberg', 'nl-NL'],
  ['فاطمة الزهراء', 'fatima.zahra', 'ar-MA'],
  ["Siobhán O'Neill", "s.o'neill", 'en-IE'],
  ['김민준', 'minjun.kim', 'ko-KR'],
  ['Chloé Lefèvre', 'chloe.lefevre', 'fr-FR'],
  ['Ananya Rao', 'ananya+work', 'en-IN'],
  ['Lukas Müller-Lüdenscheidt', 'lukas.ml', 'de-AT'],
];
const domains = ['example.com', 'example.org', 'mail.example.net', 'bücher.example'];

/** `count` people with addresses that no other run has used. */
export function people(count: number, seed: number): DemoPerson[] {
  return Array.from({ length: count }, (_, index) => {
    const [displayName, local, locale] = names[index % names.length] as (typeof names)[number];
    const domain = domains[index % domains.length];
    return {
      displayName,
      locale,
      email: `${local}.${seed}.${index}@${domain}`,
      password: `a passphrase of ${local} ${seed}`,
    };
  });
}
