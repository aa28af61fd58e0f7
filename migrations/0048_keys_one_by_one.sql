-- Keys are looked up one after the other in their index. A planner that has seen the table while it was small read all of it
-- for each batch of fresh keys, and goes on to do so as it grows.
create or replace function vault_add_keys(
    tenants text[], ids text[], subjects text[], types text[], recorded_month date, master text, secrets bytea[],
    moment timestamptz
)
returns table (tenant text, person text, kind text, id text)
language plpgsql
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_advisory_xact_lock_shared(hashtext('annals.vault'));
    if not exists (select from vault_head h where h.master_key = master) then
        raise exception 'the master key % does not wrap any more', master using errcode = 'ANMKR';
    end if;
    insert into subject_keys (tenant_id, key_id, subject, event_type, month, master_key, wrapped, created_at)
    select k.tenant, k.id, k.subject, k.type, recorded_month, master, k.secret, moment
    from unnest(tenants, ids, subjects, types, secrets) as k (tenant, id, subject, type, secret)
    on conflict do nothing;
    return query
    select s.tenant_id, s.subject, s.event_type, s.key_id
    from unnest(tenants, subjects, types) as k (tenant, subject, type)
    cross join lateral (
        select * from subject_keys s
        where s.tenant_id = k.tenant and s.subject = k.subject and s.event_type = k.type
          and s.month = recorded_month and s.wrapped is not null
        limit 1
    ) s;
end
$$;
