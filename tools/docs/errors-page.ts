import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorDeclaration } from '@nest-arch/platform';

const intro = `# Errors

Generated from the code by \`npm run docs\`; checked in CI.

Every error is \`application/problem+json\` (RFC 9457) with a stable \`code\`, a \`status\`, a \`title\` for people and the
\`traceId\` under which the logs have the whole story. Programs decide by \`code\`. Field faults stand in \`errors[]\`.
An answer with \`Retry-After\` may be repeated after that many seconds.
`;

/** All codes of all apps, by feature. Reads the built files, so build first. */
export async function errorsPage(root: string): Promise<string> {
  const { errorCatalogue } = await import('@nest-arch/platform');
  for await (const file of glob('{apps,libs}/*/dist/**/*{.errors,-errors}.js', { cwd: root })) {
    await import(pathToFileURL(join(root, file)).href);
  }
  const features = Map.groupBy(errorCatalogue(), (entry: ErrorDeclaration) => entry.code.split('.')[0] ?? '');
  const sections = [...features].map(([feature, entries]) => section(feature, entries));
  return `${intro}\n${sections.join('\n')}`;
}

function section(feature: string, entries: ErrorDeclaration[]): string {
  const rows = entries.map(
    ({ code, status, title }) => `| <a id="${code}"></a>\`${code}\` | ${status} | ${title} |`,
  );
  return `## ${feature}\n\n| Code | Status | Meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}
