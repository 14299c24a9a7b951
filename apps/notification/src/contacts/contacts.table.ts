/** One generation of the projection, as the migrations have made the first: what two other services last said of a person. */
export const contactsTable = `
  create table contacts (
    user_id uuid not null,
    email text,
    email_verified boolean not null default false,
    status text,
    auth_locale text,
    initial_name text,
    auth_version integer not null default 0,
    display_name text,
    profile_locale text,
    profile_version integer not null default 0,
    updated_at timestamptz not null default now(),
    constraint contacts_pkey primary key (user_id)
  )`;
