-- Keys of programs and of model providers. No key and no digest of one ever enters an event.

-- Keys that programs come with. Only the digest is kept: who reads the table learns no key.
create table api_keys (
    tenant_id uuid not null,
    id uuid not null,
    digest bytea not null,
    prefix text not null,
    last4 text not null,
    name text not null,
    scopes text[] not null,
    created_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_key primary key (tenant_id, id),
    constraint api_keys_digest unique (digest)
);
create index api_keys_created on api_keys (tenant_id, created_at, id);

comment on column api_keys.digest is 'SHA-256 of the key, which has 178 random bits: nothing slower is needed';
comment on column api_keys.created_by is 'for whom it acts: it never may more than this user';
comment on column api_keys.last_used_at is 'to the minute';

-- The data key of each tenant, sealed under the master key. What a tenant keeps secret is sealed under it.
create table tenant_keys (
    tenant_id uuid not null,
    version integer not null,
    wrapped bytea not null,
    master_key_id text not null,
    created_at timestamptz not null default now(),
    constraint tenant_keys_key primary key (tenant_id, version)
);

comment on column tenant_keys.master_key_id is 'the fingerprint of the master key it is sealed under';

-- Tenants' own keys of model providers, sealed under the data key.
create table provider_keys (
    tenant_id uuid not null,
    id uuid not null default gen_random_uuid(),
    provider text not null,
    sealed bytea not null,
    key_version integer not null,
    last4 text not null,
    set_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint provider_keys_key primary key (tenant_id, provider)
);

comment on column provider_keys.id is 'tells rows apart in lists, nothing more';
comment on column provider_keys.key_version is 'which of the data keys of the tenant it is sealed under';

-- Rows from before are told apart by trying.
alter table personal_keys add column master_key_id text;

comment on column personal_keys.master_key_id is 'the fingerprint of the master key it is sealed under, if known';

call isolate_tenants('api_keys');
call isolate_tenants('tenant_keys');
call isolate_tenants('provider_keys');

-- Readers see what is shown, column by column: neither a digest nor anything sealed.
grant select (
    tenant_id, id, prefix, last4, name, scopes, created_by, version, created_at, updated_at, expires_at, last_used_at,
    revoked_at
) on api_keys to agentcores_reader;
grant select (tenant_id, id, provider, last4, set_by, version, created_at, updated_at)
    on provider_keys to agentcores_reader;
grant select, insert, update on api_keys, tenant_keys to agentcores_writer;
grant select, insert, update, delete on provider_keys to agentcores_writer;
