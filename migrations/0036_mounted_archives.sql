-- Archives that are mounted: a year that is in a file, and read in the database as well until it is unmounted. Its
-- partition takes no events, and its note stays.
alter table log_archives add column mounted_at timestamptz;

-- The last leaf of a tenant in an archive: what comes after it is proven with it. Null: the archive is older than this.
alter table log_archive_tenants
    add column last_position    bigint,
    add column last_sequence    bigint,
    add column last_recorded_at timestamptz,
    add column last_content     bytea check (octet_length(last_content) = 32);

create function refuse_events_in_archives()
returns trigger
language plpgsql
as $$
begin
    raise exception '% is an archive that is mounted: it takes no events', tg_table_name;
end
$$;

-- As before, but for what is mounted.
create or replace function log_at_hand(after bigint, tenant text, recorded_from timestamptz, recorded_before timestamptz)
returns boolean
language plpgsql
stable
parallel safe
as $$
declare
    missing json;
begin
    if not exists (select from log_archives a where a.last_position > after and a.mounted_at is null) then
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
      and a.mounted_at is null
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
