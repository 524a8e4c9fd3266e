-- Organisations as shown. Documents are text, not jsonb: users get back exactly what they sent.
create table tenants (
    tenant_id uuid not null,
    name text not null,
    subdomain text not null,
    subscription_tier text not null,
    contact_email text,
    contact_name text,
    settings text not null,
    status text not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tenants_key primary key (tenant_id)
) with (fillfactor = 80);

comment on column tenants.version is 'the sequence of the last event in the row';

call isolate_tenants('tenants');
grant select on tenants to agentcores_reader;
grant select, insert, update, delete on tenants to agentcores_writer;
