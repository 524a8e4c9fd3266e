-- Keys that end soon are looked for every hour, over all tenants.
create index api_keys_expiring on api_keys (expires_at) where revoked_at is null and version = 1;

comment on column mails.kind is 'the event it tells of, limit_reached or api_key_expiring';
comment on column mails.occasion is
    'the position of the event; the resource, limit and month that were reached; or the API key and its end';
