-- Archives: a year of the log that left the database for a file. Years leave from the front and come back
-- to the front, so that the log in the database has one edge at most, and ends where it always ended.

-- Which log this is, so that a file of another one is told apart.
create table log_identity (
    only_row boolean primary key default true check (only_row),
    id       uuid    not null default gen_random_uuid()
);

insert into log_identity default values;

-- The years that are in files. Only the owner writes it, with the partition's end in one transaction.
-- sha256: over the file's uncompressed lines before its last, which says the same.
create table log_archives (
    year           int         primary key,
    first_position bigint      not null,
    last_position  bigint      not null,
    events         bigint      not null check (events = last_position - first_position + 1),
    bytes          bigint      not null,
    sha256         bytea       not null check (octet_length(sha256) = 32),
    file           text        not null,
    archived_at    timestamptz not null
);

-- Whose events an archive has: the log of other tenants is whole without it.
create table log_archive_tenants (
    tenant_id text collate "C" not null,
    year      int  not null references log_archives on delete cascade,
    primary key (tenant_id, year)
);

-- The archived events of those streams that are asked for all the time (a tenant's gate stands before each
-- of its commands): they stay at hand, and go when their year comes back.
create table events_kept (like events including all);

create view events_at_hand with (security_invoker = true) as
select position, tenant_id, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version,
       occurred_at, recorded_at, actor, correlation_id, causation_id, payload, metadata, hash
from events
union all
select position, tenant_id, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version,
       occurred_at, recorded_at, actor, correlation_id, causation_id, payload, metadata, hash
from events_kept;

grant select on log_identity, log_archives, log_archive_tenants to annals_appender, annals_projector, annals_gateway;
grant select on events_kept, events_at_hand to annals_appender, annals_projector;

alter table events_kept enable row level security;

create policy events_kept_for_the_house on events_kept
for select to annals_appender, annals_projector
using (true);

-- True when no event after a position, of a tenant (null: of any), recorded in a span (null: open), lies in
-- an archive; raises if one may. A reader asks in the same statement, so that it sees events and archives of
-- one moment.
create function log_at_hand(after bigint, tenant text, recorded_from timestamptz, recorded_before timestamptz)
returns boolean
language plpgsql
stable
parallel safe
as $$
declare
    missing json;
begin
    if not exists (select from log_archives a where a.last_position > after) then
        return true;
    end if;
    select json_agg(
        json_build_object(
            'year', a.year, 'first_position', a.first_position, 'last_position', a.last_position,
            'events', a.events, 'bytes', a.bytes, 'sha256', encode(a.sha256, 'hex'), 'file', a.file,
            'archived_at', to_char(a.archived_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        )
        order by a.year
    )
    into missing
    from log_archives a
    where a.last_position > after
      and (tenant is null
           or exists (select from log_archive_tenants t where t.tenant_id = tenant and t.year = a.year))
      and (recorded_from is null or make_timestamptz(a.year + 1, 1, 1, 0, 0, 0, 'UTC') > recorded_from)
      and (recorded_before is null or make_timestamptz(a.year, 1, 1, 0, 0, 0, 'UTC') < recorded_before);
    if missing is not null then
        raise exception 'events that were asked for are archived' using errcode = 'ANARC', detail = missing::text;
    end if;
    return true;
end
$$;

-- What every partition has beside its columns; the trigger of `events` does not see a statement that names
-- the partition.
create function log_guard_partition(partition regclass)
returns void
language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', partition);
    execute format(
        'create trigger events_are_append_only before update or delete or truncate on %s '
        'for each statement execute function refuse_change()', partition
    );
end
$$;

revoke execute on function log_guard_partition from public;

do $$
declare
    partition regclass;
begin
    for partition in select i.inhrelid from pg_inherits i where i.inhparent = 'events'::regclass loop
        perform log_guard_partition(partition);
    end loop;
end
$$;

-- As before, but guarded; and a year that is archived gets no second partition from a clock that is late.
create or replace function log_ensure_partition(moment timestamptz)
returns void
language plpgsql
security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
    wanted    int  := extract(year from moment);
    partition text := 'events_' || wanted;
begin
    perform pg_advisory_xact_lock(hashtext('annals.log_ensure_partition'));
    if to_regclass(partition) is not null or exists (select from log_archives a where a.year = wanted) then
        return;
    end if;
    execute format('create table %I (like events including all)', partition);
    execute format(
        'alter table events attach partition %I for values from (%L) to (%L)',
        partition, make_timestamptz(wanted, 1, 1, 0, 0, 0), make_timestamptz(wanted + 1, 1, 1, 0, 0, 0)
    );
    perform log_guard_partition(partition::regclass);
end
$$;

-- A year that is over takes no more events, also from a process whose clock is late: time in the log goes on
-- from the next year.
create function log_close_year(closed int)
returns void
language plpgsql
set timezone = 'UTC'
as $$
begin
    perform log_ensure_partition(make_timestamptz(closed + 1, 1, 1, 0, 0, 0));
    update log_head
    set recorded_at = make_timestamptz(closed + 1, 1, 1, 0, 0, 0)
    where recorded_at < make_timestamptz(closed + 1, 1, 1, 0, 0, 0);
end
$$;

revoke execute on function log_close_year from public;
