-- A read model's table can be filled again beside the live one, compared, and take its place. A filling is a
-- build, numbered from 1; the live build's table has the read model's own name, the others' are in `builds`.
create schema builds;
grant usage on schema builds to annals_projector;

create table read_model_builds (
    name              text        collate "C" not null,
    build             int         not null,
    -- building: being filled; ready: filled, waits for a switch; live: queries read it; previous: kept to go back to
    state             text        not null check (state in ('building', 'ready', 'live', 'previous')),
    -- Of one tenant's rows, or of one row; null: of all.
    only_tenant       text        collate "C",
    only_key          text[],
    -- What a switch demands of the difference to the live build.
    policy            text        not null default 'any' check (policy in ('any', 'empty', 'accepted')),
    switch_when_ready boolean     not null default false,
    -- The digest of the difference that somebody accepted.
    accepted          text,
    events            bigint      not null default 0,
    rows              bigint      not null default 0,
    seconds           float8      not null default 0,
    target            bigint      not null default 0,
    started_at        timestamptz not null default now(),
    changed_at        timestamptz not null default now(),
    primary key (name, build)
);
create unique index read_model_builds_live on read_model_builds (name) where state = 'live';

insert into read_model_builds (name, build, state)
select name, 1, 'live'
from read_model_checkpoints;

-- A build's checkpoint, one for each shard of the tenants. The epoch grows when somebody else than the
-- projector that follows the log changes the build; `version` is that of the fold that wrote its rows.
alter table read_model_checkpoints
    add column build int    not null default 1,
    add column shard int    not null default 0,
    add column epoch bigint not null default 0,
    drop constraint read_model_checkpoints_pkey,
    add primary key (name, build, shard);
grant delete on read_model_checkpoints to annals_projector;

-- Into how many shards the tenants are spread, by their ids.
create table read_model_shards (
    only_row boolean primary key default true check (only_row),
    shards   int     not null check (shards between 1 and 256)
);
insert into read_model_shards (shards)
values (1);

-- Who does what: a shard of a read model (`lead/0`), or a build that is being filled (`lead#2`). It is the
-- holder's until the lease ends, or until the holder's connection is gone. Leases only share out the work:
-- that nothing counts twice is the checkpoints' affair.
create table read_model_leases (
    work        text        collate "C" primary key,
    holder      text        collate "C",
    backend     int,
    until       timestamptz,
    -- Where the work was when it was measured last, and how many positions a second it goes on.
    position    bigint,
    measured_at timestamptz,
    rate        float8      not null default 0
);
create table projectors (
    id      text        collate "C" primary key,
    backend int         not null,
    seen_at timestamptz not null
);

-- Streams whose events wait, from the one that could not be folded on.
create table read_model_parked (
    name           text        collate "C" not null,
    build          int         not null,
    tenant_id      text        collate "C" not null,
    aggregate_type text        collate "C" not null,
    aggregate_id   text        collate "C" not null,
    position       bigint      not null,
    event_type     text        not null,
    reason         text        not null,
    events         bigint      not null,
    parked_at      timestamptz not null default now(),
    primary key (name, build, tenant_id, aggregate_type, aggregate_id)
);

-- The rows behind them: the values of their keys' columns.
create table read_model_stale (
    name           text   collate "C" not null,
    build          int    not null,
    tenant_id      text   collate "C" not null,
    key            text[] not null,
    aggregate_type text   collate "C" not null,
    aggregate_id   text   collate "C" not null,
    primary key (name, build, tenant_id, key, aggregate_type, aggregate_id)
);

grant select, insert, update, delete
on read_model_builds, read_model_shards, read_model_leases, projectors, read_model_parked, read_model_stale
to annals_projector;
grant select on read_model_builds, read_model_parked, read_model_stale to annals_gateway;

alter table read_model_builds enable row level security;

create policy read_model_builds_kept on read_model_builds to annals_projector
using (true)
with check (true);

create policy read_model_builds_live on read_model_builds
for select to annals_gateway
using (state = 'live');

do $$
declare
    told text;
begin
    foreach told in array array['read_model_parked', 'read_model_stale'] loop
        execute format('alter table %I enable row level security', told);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)', told || '_kept', told);
        execute format(
            'create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
            told || '_of_the_tenant', told
        );
    end loop;
end
$$;

-- Makes an empty table for a build, with the live table's columns, rights and policies; without indexes, and
-- with the policies not in force yet: COPY does not work under them, and only projectors reach `builds`.
create function read_model_create_table(model text, build int)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    fresh  text := format('builds.%I', model || '_' || build);
    policy record;
begin
    perform from public.read_model_checkpoints c where c.name = model;
    if not found then
        raise exception 'there is no read model %', model;
    end if;
    execute format('create table %s (like public.%I including defaults including constraints)', fresh, model);
    execute format('grant select, insert, update, delete, truncate on %s to annals_projector', fresh);
    execute format('grant select on %s to annals_gateway', fresh);
    for policy in
        select p.policyname, p.cmd, p.qual, p.with_check,
               (select string_agg(quote_ident(r), ', ') from unnest(p.roles) r) as roles
        from pg_policies p
        where p.schemaname = 'public' and p.tablename = model
    loop
        execute format('create policy %I on %s for %s to %s', policy.policyname, fresh, policy.cmd, policy.roles)
            || coalesce(' using (' || policy.qual || ')', '')
            || coalesce(' with check (' || policy.with_check || ')', '');
    end loop;
end
$$;

-- Gives a build's table the live table's keys and indexes, and puts its policies in force, if that is yet to do.
create function read_model_index_table(model text, build int)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    live       regclass := to_regclass(format('public.%I', model));
    fresh      text     := format('builds.%I', model || '_' || build);
    definition text;
begin
    perform from pg_index where indrelid = to_regclass(fresh);
    if found then
        return;
    end if;
    for definition in
        select pg_get_constraintdef(oid)
        from pg_constraint
        where conrelid = live and contype in ('p', 'u')
    loop
        execute format('alter table %s add %s', fresh, definition);
    end loop;
    for definition in
        select regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX \S+ ON \S+ ', format(' INDEX ON %s ', fresh))
        from pg_index i
        where i.indrelid = live
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
    loop
        execute definition;
    end loop;
    perform from pg_class where oid = live and relrowsecurity;
    if found then
        execute format('alter table %s enable row level security', fresh);
    end if;
    execute format('analyze %s', fresh);
end
$$;

-- Puts a build's table in the live one's place.
create function read_model_swap_tables(model text, live int, fresh int)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    former text := model || '_' || live;
    coming text := model || '_' || fresh;
begin
    perform from public.read_model_checkpoints c where c.name = model;
    if not found then
        raise exception 'there is no read model %', model;
    end if;
    execute format('alter table public.%I set schema builds', model);
    execute format('alter table builds.%I rename to %I', model, former);
    execute format('alter table builds.%I set schema public', coming);
    execute format('alter table public.%I rename to %I', coming, model);
end
$$;

-- Drops the table of a build that is not live.
create function read_model_drop_table(model text, build int)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('drop table if exists builds.%I', model || '_' || build);
end
$$;

revoke execute on function read_model_create_table from public;
revoke execute on function read_model_index_table from public;
revoke execute on function read_model_swap_tables from public;
revoke execute on function read_model_drop_table from public;
grant execute on function
    read_model_create_table, read_model_index_table, read_model_swap_tables, read_model_drop_table
to annals_projector;
