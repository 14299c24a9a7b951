import type { Migration } from '@nest-arch/database';
import type { QueryRunner } from 'typeorm';

export class Sessions0002 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [sessions, refreshTokens, throttles, signingKeys]) await runner.query(statement);
  }
}

// min_ver: access tokens of this session with a lower `ver` are refused.
const sessions = `
  create table sessions (
    user_id uuid not null,
    session_id uuid not null,
    client_id text not null,
    method text not null,
    user_agent text,
    min_ver integer not null default 0,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    announced_at timestamptz not null default now(),
    idle_seconds integer not null,
    idle_expires_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    constraint sessions_pkey primary key (user_id, session_id),
    constraint sessions_method check (method in ('password', 'magic_link', 'passkey')),
    constraint sessions_end check ((ended_at is null) = (end_reason is null))
  ) with (fillfactor = 80);
  create index sessions_expires_at on sessions (expires_at)`;

// A used token stays until its own end, so that its reuse is recognised as long as it could have been used at all.
const refreshTokens = `
  create table refresh_tokens (
    user_id uuid not null,
    token_hash bytea not null,
    session_id uuid not null,
    parent_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    successor_hash bytea,
    successor_ciphertext bytea,
    constraint refresh_tokens_pkey primary key (user_id, token_hash),
    constraint refresh_tokens_successor check ((used_at is null) = (successor_hash is null))
  ) with (fillfactor = 80);
  create index refresh_tokens_expires_at on refresh_tokens (expires_at)`;

const throttles = `
  create table sign_in_throttles (
    identifier_hash bytea not null,
    tries integer not null,
    last_try_at timestamptz not null,
    blocked_until timestamptz not null,
    constraint sign_in_throttles_pkey primary key (identifier_hash)
  ) with (fillfactor = 80);
  create index sign_in_throttles_last_try_at on sign_in_throttles (last_try_at)`;

const signingKeys = `
  create table signing_keys (
    key_id text not null,
    state text not null,
    public_jwk jsonb not null,
    encrypted_private_jwk text not null,
    created_at timestamptz not null default now(),
    constraint signing_keys_pkey primary key (key_id),
    constraint signing_keys_state check (state in ('next', 'active', 'retired'))
  );
  create unique index signing_keys_one_active on signing_keys (state) where state = 'active'`;
