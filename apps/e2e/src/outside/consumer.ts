// Compiled by a spec against the packed contracts, as a stranger would: it must find every type without the workspace.
import {
  type EventData,
  type EventDefinition,
  breaksBetween,
  eventByType,
  eventSchema,
  userRegisteredV1,
  userStateV1,
} from '@nest-arch/contracts';

type Registered = EventData<typeof userRegisteredV1>;

export function greet({ userId, source }: Registered): string {
  const from: 'self' | 'import' | 'admin' = source;
  return `${userId} came by ${from}`;
}

export function addressOf(text: string): string | undefined {
  const state = userStateV1.readSchema.parse(JSON.parse(text));
  const displayName: string | undefined = state.initialProfile?.displayName;
  return displayName ?? state.email;
}

export const known: EventDefinition | undefined = eventByType('auth.user.registered.v1');
export const breaks: string[] = breaksBetween(eventSchema(userStateV1), {}).map(({ path }) => path);

// @ts-expect-error a field that the contract does not have
export const wrong = (data: Registered): string => data.email;
