export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export interface AppErrorExtra {
  readonly retryAfterSeconds?: number;
  readonly fields?: readonly FieldProblem[];
  /** Further response headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ErrorDeclaration {
  /** `feature.reason`; stable, listed in docs/errors.md. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** One sentence without a full stop, for people. */
  readonly title: string;
}

/** The one error with a meaning for the caller. Everything else becomes a 500 without text. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly status: number;
  readonly title: string;

  constructor(
    declaration: ErrorDeclaration,
    readonly detail?: string,
    readonly extra: AppErrorExtra = {},
  ) {
    super(detail ? `${declaration.code}: ${detail}` : declaration.code);
    this.code = declaration.code;
    this.status = declaration.status;
    this.title = declaration.title;
  }
}

export type ErrorFactory = ((detail?: string, extra?: AppErrorExtra) => AppError) & {
  readonly declaration: ErrorDeclaration;
};

const catalogue = new Map<string, ErrorDeclaration>();
const wellFormedCode = /^[a-z_]+\.[a-z0-9_]+$/;

/**
 * Declares the errors of a feature. Each entry becomes a function that makes the error; all land in the catalogue
 * behind docs/errors.md.
 */
export function defineErrors<K extends string>(
  declarations: Record<K, ErrorDeclaration>,
): Record<K, ErrorFactory> {
  const factories = {} as Record<K, ErrorFactory>;
  for (const [name, declaration] of Object.entries<ErrorDeclaration>(declarations)) {
    register(declaration);
    factories[name as K] = Object.assign(
      (detail?: string, extra?: AppErrorExtra) => new AppError(declaration, detail, extra),
      { declaration },
    );
  }
  return factories;
}

function register(declaration: ErrorDeclaration): void {
  const known = catalogue.get(declaration.code);
  if (!wellFormedCode.test(declaration.code)) throw new Error(`Not an error code: ${declaration.code}`);
  if (known && known.status !== declaration.status) throw new Error(`Declared twice: ${declaration.code}`);
  catalogue.set(declaration.code, declaration);
}

/** Every error declared by the modules loaded so far, by code. */
export function errorCatalogue(): ErrorDeclaration[] {
  return [...catalogue.values()].sort((a, b) => a.code.localeCompare(b.code));
}
